// Unpack the Chromium that an npm package brings: node unpack.cjs FOLDER, where npm installed it.
const { execFileSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const { brotliDecompressSync } = require("zlib");

const folder = process.argv[2];
const from = path.join(folder, "node_modules", "@sparticuz", "chromium", "bin");
const unpacked = (name) => brotliDecompressSync(fs.readFileSync(path.join(from, name)));
fs.rmSync(path.join(folder, "chrome"), { force: true });
fs.writeFileSync(path.join(folder, "chrome"), unpacked("chromium.br"), { mode: 0o755 });
for (const name of ["al2023", "fonts", "swiftshader"]) { // libraries that a bare machine may lack
  execFileSync("tar", ["-x", "-C", folder], { input: unpacked(`${name}.tar.br`) });
}
