"""Which experts are used: frequencies, overlap, top-p sets, counting noise."""
