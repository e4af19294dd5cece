from __future__ import annotations

import pytest

from hpo_widgets.widgets.script import assemble


def test_imports_become_names_and_shared_files_are_put_in_once(tmp_path):
    (tmp_path / "panels").mkdir()
    (tmp_path / "kit.js").write_text("const hidden = 1;\nexport const a = hidden;\nexport function b() {}\n")
    (tmp_path / "main.js").write_text('import { a } from "./kit.js";\nexport class Main {}\n')
    (tmp_path / "panels" / "one.js").write_text('import { a, b } from "../kit.js";\nexport async function go() {}\n')
    text = assemble([tmp_path / "main.js", tmp_path / "panels" / "one.js"], tmp_path)
    assert text.count("const hidden") == 1
    assert 'const { a, b } = modules["kit"];' in text
    assert "return { a, b };" in text
    assert "return { go };" in text
    assert text.index('modules["kit"] =') < text.index('modules["main"] =')


@pytest.mark.parametrize("line", ["import x from 'y';", "export default 1;", 'import { a as b } from "./kit.js";'])
def test_what_breaks_the_rules_for_scripts_is_named(tmp_path, line):
    (tmp_path / "kit.js").write_text("export const a = 1;\n")
    (tmp_path / "main.js").write_text(line + "\n")
    with pytest.raises(ValueError, match=r"main\.js: .* breaks the rules"):
        assemble([tmp_path / "main.js"], tmp_path)


def test_scripts_that_import_each_other_are_named(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"circle: a\.js → b\.js → a\.js"):
        assemble([tmp_path / "a.js"], tmp_path)
