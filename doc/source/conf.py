"""How Sphinx builds these pages: ``sphinx-build -W doc/source doc/build/html``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ext"))

import ratings

project = "ratings"
version = release = ratings.__version__
extensions = ["cliff.sphinxext", "generated"]
exclude_patterns = []
html_theme = "alabaster"
html_theme_options = {
    "description": "The rating engine for OpenStack",
    "page_width": "1100px",
    "show_powered_by": False,
}
html_show_copyright = False
html_show_sourcelink = False
pygments_style = "sphinx"
highlight_language = "none"
