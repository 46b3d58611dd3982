"""Fill the templates in ``reports/templates``: one environment, in which untrusted text cannot be forgotten.

Whatever a template shows is escaped where it is shown: by `escape` in a Markdown template (``.md.j2``), by jinja2 in an
HTML or SVG one. Only what is `Markdown` or ``Markup`` already is left as it is.
"""

import re
from pathlib import Path

import jinja2
from jinja2.nodes import EvalContext
from markupsafe import Markup

from reports.text import markdown
from reports.text.links import address, details_file, links, reference
from reports.text.markdown import escape, plain
from reports.text.slugs import slug
from reports.text.vocabulary import listed, plural, shown

FOLDER = Path(__file__).parents[1] / "templates"
#: Longest text that an HTML page shows in one place.
LONGEST = 4000


def fill(template: str, **context: object) -> str:
    """Return the text of a template; in Markdown, parts that are empty leave no empty lines.

    Raises
    ------
    jinja2.UndefinedError
        When the template asks for something that ``context`` lacks.
    """
    text = _ENVIRONMENT.get_template(template).render(**context)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n" if template.endswith(".md.j2") else text


@jinja2.pass_eval_context
def _escaped(context: EvalContext, value: object) -> object:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return plain(value, LONGEST) if context.autoescape else escape(value)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER),
    autoescape=jinja2.select_autoescape(["html", "svg"], default=False),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_escaped,
)
_ENVIRONMENT.filters |= {
    name: getattr(markdown, name) for name in ("block", "bullets", "code", "composed", "sentence", "whole")
}
_ENVIRONMENT.filters |= {
    "address": address,
    "details": details_file,
    "links": links,
    "listed": listed,
    "reference": reference,
    "shown": shown,
    "slug": slug,
}
_ENVIRONMENT.globals |= {"plural": plural, "table": markdown.table}
