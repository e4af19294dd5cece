"""What the facts that `hpo.doctor()` gathers mean: findings, with one line of advice for each thing that is off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpo_widgets.model.health import Facts, Finding, Page, Place, Standing

SUBSHELLS_SINCE = "7.1.0"
"""First ipykernel in which a button is heard while a cell runs."""
LAB_SINCE = "4.4.0"
"""First JupyterLab that asks for it."""
LITTLE_DISK, NO_DISK = 2 << 30, 200 << 20
"""Bytes below which a disk is nearly full, and full."""
LITTLE_MEMORY = 1 << 30
"""Bytes of free memory below which two trials that load scikit-learn or torch do not fit."""
NETWORK = (
    "9p", "afp", "afs", "beegfs", "ceph", "cifs", "davfs", "gfs", "gluster", "gpfs", "lustre", "ncp", "nfs", "smb",
    "sshfs", "webdav",
)  # fmt: skip
"""Beginnings of the names of file systems that lie on another machine."""


def examine(facts: Facts) -> list[Finding]:
    """Gives what the facts of a machine mean, line by line."""
    return [
        *_versions(facts),
        _kernel(facts),
        _place(facts.place),
        _disk(facts.place),
        _starting(facts),
        _cores(facts.cores),
        _memory(facts),
        _gpus(facts),
    ]


def examine_page(facts: Facts, page: Page | None, *, silent: bool = False) -> list[Finding]:
    """Gives what is known of the page that the report is shown on.

    Args:
        facts: Of the machine.
        page: What it said; `None` as long as it has not answered.
        silent: Whether it has had its time to answer.
    """
    if page is None and silent:
        return [
            Finding(
                name="widgets in the page",
                found="the page has not answered",
                standing=Standing.BAD,
                advice="Reload the page; if that does not help, install jupyterlab_widgets and anywidget where "
                "JupyterLab itself runs, and restart it. A run without a page has nothing to mend.",
            )
        ]
    if page is None:
        return [_waiting("widgets in the page"), _waiting("buttons during a cell")]
    return [_front_end(page), _buttons(facts, page)]


def text_of(findings: list[Finding]) -> str:
    """Writes a report for a terminal: a line a finding, its advice below it."""
    width = max(len(each.name) for each in findings)
    marks = {Standing.GOOD: "ok  ", Standing.NOTE: "note", Standing.BAD: "BAD ", Standing.WAITING: "... "}
    lines = []
    for each in findings:
        lines.append(f"{marks[each.standing]}  {each.name:{width}}  {each.found}")
        if each.advice:
            lines.append(f"{'':{width + 6}}  → {each.advice}")
    return "\n".join([*lines, "", summary_of(findings)])


def summary_of(findings: list[Finding]) -> str:
    """Says in a sentence how things stand."""
    bad = sum(each.standing is Standing.BAD for each in findings)
    notes = sum(each.standing is Standing.NOTE for each in findings)
    if bad:
        return f"{_count(bad, 'thing needs', 'things need')} mending."
    if any(each.standing is Standing.WAITING for each in findings):
        return "Waiting for the page…"
    return f"Everything works; {_count(notes, 'note', 'notes')}." if notes else "Everything works."


def is_older(version: str, than: str) -> bool:
    """Compares releases: 7.0.1 is older than 7.1.0, 7.1.0rc1 is not."""
    return _release(version) < _release(than)


# -- one rule each -----------------------------------------------------------------------------------------------------
def _versions(facts: Facts) -> Iterator[Finding]:
    shown = ", ".join(f"{name} {version}" for name, version in facts.versions.items() if version)
    old = [
        f"'{name}>={least}'"
        for name, least in facts.wanted.items()
        if (has := facts.versions.get(name)) is None or is_older(has, least)
    ]
    advice = f"Missing or too old; run: pip install --upgrade {' '.join(old)}, then restart the kernel." if old else ""
    yield Finding(name="versions", found=shown, standing=Standing.BAD if old else Standing.GOOD, advice=advice)


def _kernel(facts: Facts) -> Finding:
    version = facts.versions.get("ipykernel")
    if not facts.has_kernel or version is None:
        advice = "Searches run as they are; forms and dashboards need a notebook, in JupyterLab for instance."
        return Finding(name="kernel", found="none, this is a plain Python", standing=Standing.NOTE, advice=advice)
    if not facts.subshells or is_older(version, SUBSHELLS_SINCE):
        advice = f"Buttons wait until a cell has ended; run: pip install --upgrade 'ipykernel>={SUBSHELLS_SINCE}'."
        return Finding(name="kernel", found=f"ipykernel {version}", standing=Standing.NOTE, advice=advice)
    return Finding(name="kernel", found=f"ipykernel {version}, hears buttons while a cell runs")


def _front_end(page: Page) -> Finding:
    found = f"they work: {' '.join(filter(None, (page.front_end, page.version)))} answered"
    if page.front_end == "JupyterLab" and page.version and is_older(page.version, LAB_SINCE):
        advice = f"Older than what is tested; run: pip install --upgrade 'jupyterlab>={LAB_SINCE}' where it runs."
        return Finding(name="widgets in the page", found=found, standing=Standing.NOTE, advice=advice)
    return Finding(name="widgets in the page", found=found)


def _waiting(name: str) -> Finding:
    return Finding(name=name, found="waiting for the page…", standing=Standing.WAITING)


def _buttons(facts: Facts, page: Page) -> Finding:
    if page.while_busy is None:
        return _waiting("buttons during a cell")
    if page.while_busy:
        return Finding(name="buttons during a cell", found="they are heard while a cell runs")
    advice = "Searches run beside the kernel: leave it free with `await study`, not `study.wait()`, to use the buttons."
    if facts.subshells:
        advice += " In JupyterLab, “Kernels: comms over subshells” in the settings must not be disabled."
    found = "they wait until the cell has ended"
    return Finding(name="buttons during a cell", found=found, standing=Standing.NOTE, advice=advice)


def _place(place: Place) -> Finding:
    where = place.folder if place.exists else f"{place.folder} (made by the first search)"
    move = "HPO_WIDGETS_STORE, or hpo.configure(store=...), moves it to a folder on a local disk."
    if place.problem:
        return Finding(
            name="store", found=f"{where}: {place.problem}", standing=Standing.BAD, advice=move[0].upper() + move[1:]
        )
    if is_network(place.file_system):
        advice = f"SQLite's locks fail on many network file systems; {move}"
        found = f"{where}, on a network file system ({place.file_system})"
        return Finding(name="store", found=found, standing=Standing.NOTE, advice=advice)
    kind = f", writable, on {place.file_system}" if place.file_system else ", writable"
    return Finding(name="store", found=where + kind)


def is_network(file_system: str | None) -> bool:
    """Tells whether a file system of this name lies on another machine."""
    name = (file_system or "").lower().removeprefix("fuse.")
    return name.startswith(NETWORK)


def _disk(place: Place) -> Finding:
    if place.free is None:
        advice = "Look yourself whether there is room for the store."
        return Finding(name="free disk", found="the system does not say", standing=Standing.NOTE, advice=advice)
    standing = Standing.BAD if place.free < NO_DISK else Standing.NOTE if place.free < LITTLE_DISK else Standing.GOOD
    advice = "Make room, or move the store with HPO_WIDGETS_STORE." if standing is not Standing.GOOD else ""
    return Finding(name="free disk", found=size(place.free), standing=standing, advice=advice)


def _starting(facts: Facts) -> Finding:
    ways = ", ".join(facts.start_methods)
    if facts.forks:
        return Finding(name="start of trials", found=f"forked in milliseconds (this Python knows {ways})")
    advice = 'Each trial starts its own interpreter, which takes seconds; isolation="reuse" keeps one a slot.'
    return Finding(name="start of trials", found=f"spawned ({ways})", standing=Standing.NOTE, advice=advice)


def _cores(cores: int) -> Finding:
    if cores > 1:
        return Finding(name="cores", found=str(cores))
    advice = "Trials run one at a time; more at once only help those that wait (for a disk, a network)."
    return Finding(name="cores", found="1", standing=Standing.NOTE, advice=advice)


def _memory(facts: Facts) -> Finding:
    found = f"{size(facts.memory_free)} free of {size(facts.memory)}"
    if facts.memory_free >= LITTLE_MEMORY:
        return Finding(name="memory", found=found)
    advice = "Use concurrency=1 and end what else needs memory; a trial that gets none is killed by the system."
    return Finding(name="memory", found=found, standing=Standing.NOTE, advice=advice)


def _gpus(facts: Facts) -> Finding:
    if facts.gpus:
        return Finding(name="GPUs", found=", ".join(facts.gpus))
    if facts.gpus_seen:
        advice = "Run nvidia-smi in a terminal: it says what is wrong with the driver."
        found = f"{facts.gpus_seen} listed, but the driver does not answer"
        return Finding(name="GPUs", found=found, standing=Standing.NOTE, advice=advice)
    return Finding(name="GPUs", found="none")


def size(count: int) -> str:
    """Writes bytes as people do: 1.5 GB, 300 MB."""
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count >> 20} MB"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found.group().split(".")] if found else []
    return tuple([*numbers, 0, 0, 0][:3])
