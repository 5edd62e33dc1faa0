"""Charts as SVG that stand in light, in dark and on paper: text stays text, colours are the page's."""
