"""No file over 400 lines, no function over 70."""

import re
import unittest

from sources import Source, all_sources

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# A brace that one of these opens is no function's.
_SCOPE = re.compile(
    r"^\s*(?:inline\s+)?(?:namespace|extern)\b|\b(?:class|struct|union|enum)\b[^()]*$"
)
_LABEL = re.compile(r"^\s*(?:public|protected|private)\s*:\s*$")


def functions(source):
    """(first line, length) of each outermost body in braces that is not a scope.

    A counter of braces and no parser: a statement is what stands between two of `;{}`, and its
    words tell whether its braces hold declarations (go in), code (measure) or a table of data."""
    found = []
    depth_of_code = 0
    is_data = False
    start = 0
    statement = ""
    statement_line = 1
    for number, line in enumerate(source.code(), 1):
        if line.lstrip().startswith("#"):
            continue
        for char in line:
            if depth_of_code:
                if char == "{":
                    depth_of_code += 1
                elif char == "}":
                    depth_of_code -= 1
                    if depth_of_code == 0:
                        if not is_data:
                            found.append((start, number - start + 1))
                        statement = ""
                continue
            if char == "{":
                if not _SCOPE.search(statement.strip()):
                    depth_of_code = 1
                    is_data = statement.rstrip().endswith("=")
                    start = statement_line
                statement = ""
            elif char in "};":
                statement = ""
            else:
                if not statement.strip() or _LABEL.match(statement):
                    statement = ""
                    statement_line = number
                statement += char
        statement += " "
    return found


def faults(source):
    found = []
    if len(source.lines) > FILE_LINES_MAX:
        found.append(f"{source.path}: {len(source.lines)} lines, more than {FILE_LINES_MAX}")
    for start, length in functions(source):
        if length > FUNCTION_LINES_MAX:
            found.append(
                f"{source.path}:{start}: {length} lines, more than {FUNCTION_LINES_MAX}: split it"
            )
    return found


class Sizes(unittest.TestCase):
    def test_files_and_functions_stay_small(self):
        everything = all_sources(("include", "src", "tests"))
        found = [fault for source in everything for fault in faults(source)]
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_functions_are_found_at_all(self):
        count = sum(len(functions(source)) for source in all_sources(("src",)))
        self.assertGreater(count, 100)


class TheRuleItself(unittest.TestCase):
    def test_sees_a_long_file(self):
        self.assertEqual(1, len(faults(Source("src/core/x.cpp", "// line\n" * 401))))

    def test_sees_a_long_function_in_a_namespace_and_in_a_class(self):
        body = "    f();\n" * 70
        text = "namespace a::b {\nnamespace {\nint f(int x,\n      int y) {\n" + body + "}\n}\n}\n"
        self.assertEqual([(3, 73)], functions(Source("src/core/x.cpp", text)))
        text = "class A final : public B {\n  public:\n    void f() const {\n" + body + "    }\n};\n"
        self.assertEqual([(3, 72)], functions(Source("src/core/x.cpp", text)))

    def test_braces_in_text_and_comments_do_not_count(self):
        text = 'void f() {\n  g("{", \'{\', R"({{{)");  // {\n  /* { */\n}\nvoid h() {\n}\n'
        self.assertEqual([(1, 4), (5, 2)], functions(Source("src/core/x.cpp", text)))

    def test_a_table_of_data_may_be_long(self):
        text = "constexpr Row kRows[] = {\n" + "  {1},\n" * 100 + "};\nvoid f() {\n}\n"
        self.assertEqual([(103, 2)], functions(Source("src/core/x.cpp", text)))

    def test_a_function_at_the_limit_passes(self):
        text = "void f() {\n" + "  g();\n" * 68 + "}\n"
        self.assertEqual([], faults(Source("src/core/x.cpp", text)))


if __name__ == "__main__":
    unittest.main()
