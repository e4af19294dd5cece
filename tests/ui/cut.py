"""Finds what is cut off on a page: labels that overflow, and texts that do not fit into their fields."""

from __future__ import annotations

from playwright.sync_api import Locator

_CUT = """(root) => {
    const seen = (node) => node.offsetParent && node.clientWidth > 1; // what is for screen readers alone has one pixel
    const labels = [...root.querySelectorAll("label, label > span, button, summary, h2, h3, p, strong, select")]
        .filter((node) => seen(node) && node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent);
    const pen = document.createElement("canvas").getContext("2d");
    const ARROW = 20;
    const fields = [...root.querySelectorAll("input[type=text], select")].filter(seen).flatMap((node) => {
        const style = getComputedStyle(node);
        const is_list = node.tagName === "SELECT";
        const texts = is_list ? [...node.options].map((each) => each.text) : node.value ? [] : [node.placeholder];
        const taken = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) + (is_list ? ARROW : 0);
        pen.font = style.font;
        return texts.filter((text) => pen.measureText(text).width > node.clientWidth - taken + 1);
    });
    return [...labels, ...fields];
}"""


def cut_texts(place: Locator) -> list[str]:
    """Lists the labels, hints and buttons that are cut off, and the choices and placeholders wider than their field."""
    found: list[str] = place.evaluate(_CUT)
    return found
