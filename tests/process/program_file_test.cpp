#include "process/program_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <optional>

#include "process/static_program.h"

namespace lastgood::process {
namespace {

using Kind = ProgramFile::Kind;
constexpr Elf64_Half kMachine = EM_X86_64;

struct Part {
    Elf64_Word type;
    std::string bytes{};
    Elf64_Xword alignment = 4;
};

std::string note(const std::string& name, Elf64_Word type, const std::string& text,
                 std::size_t alignment = 4) {
    const Elf64_Nhdr header{static_cast<Elf64_Word>(name.size()),
                            static_cast<Elf64_Word>(text.size()), type};
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out += name;
    out.resize((out.size() + 3) / 4 * 4);
    out += text;
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out;
}

std::string elf(const std::vector<Part>& parts, Elf64_Half machine = kMachine) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = machine;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(parts.size());
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    std::string content;
    for (const Part& part : parts) {
        Elf64_Phdr entry{};
        entry.p_type = part.type;
        entry.p_offset = sizeof header + parts.size() * sizeof entry + content.size();
        entry.p_filesz = part.bytes.size();
        entry.p_align = part.alignment;
        out.append(reinterpret_cast<const char*>(&entry), sizeof entry);
        content += part.bytes;
    }
    return out + content;
}

Kind kind_of(const std::string& head) {
    return read_program_head(head, kMachine).kind;
}

const std::string kGnu("GNU\0", 4);
const std::string kGo("Go\0\0", 4);

TEST(ProgramFile, ToldByItsInterpreter) {
    EXPECT_EQ(Kind::dynamic, kind_of(elf({{PT_LOAD}, {PT_INTERP, "/lib64/ld.so"}, {PT_DYNAMIC}})));
    EXPECT_EQ(Kind::static_linked, kind_of(elf({{PT_LOAD}})));
    // A static program that can be loaded anywhere has a dynamic part of its own.
    EXPECT_EQ(Kind::static_linked, kind_of(elf({{PT_LOAD}, {PT_DYNAMIC}})));
}

TEST(ProgramFile, GoIsToldByItsNoteHoweverItIsLinked) {
    const std::string id = note(kGo, 4, "an id of any length");
    EXPECT_EQ(Kind::go, kind_of(elf({{PT_NOTE, id}})));
    EXPECT_EQ(Kind::go, kind_of(elf({{PT_INTERP, "/lib64/ld.so"}, {PT_NOTE, id}})));
    const std::string behind = note(kGnu, 1, std::string(16, 'x')) + note(kGnu, 3, "abc") + id;
    EXPECT_EQ(Kind::go, kind_of(elf({{PT_NOTE, behind}})));
    const std::string wide = note(kGnu, 5, std::string(12, 'p'), 8);
    EXPECT_EQ(Kind::go, kind_of(elf({{PT_NOTE, wide, 8}, {PT_NOTE, id}})));
    EXPECT_EQ(Kind::dynamic, kind_of(elf({{PT_INTERP, "/l"}, {PT_NOTE, note(kGnu, 4, "x")}})));
}

TEST(ProgramFile, OfAnotherMachine) {
    EXPECT_EQ(Kind::foreign, kind_of(elf({{PT_INTERP, "/l"}}, EM_AARCH64)));
    std::string small = elf({{PT_INTERP, "/l"}});
    small[EI_CLASS] = ELFCLASS32;
    EXPECT_EQ(Kind::foreign, kind_of(small));
    std::string turned = elf({{PT_INTERP, "/l"}});
    turned[EI_DATA] = ELFDATA2MSB;
    EXPECT_EQ(Kind::foreign, kind_of(turned));
}

TEST(ProgramFile, OfWhateverIsCutOffNothingIsSaid) {
    const std::string whole = elf({{PT_LOAD}, {PT_NOTE, note(kGo, 4, "an id")}});
    for (std::size_t size = 0; size < sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr); ++size) {
        EXPECT_EQ(Kind::unknown, kind_of(whole.substr(0, size))) << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string broken = whole;
        broken[at] = '\xff';
        (void)kind_of(broken);
    }
    EXPECT_EQ(Kind::unknown, kind_of("PK\3\4"));
}

TEST(ProgramFile, AScriptNamesItsInterpreter) {
    const auto words = [](const std::string& head) {
        return read_program_head(head, kMachine).interpreter;
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ((Words{"/bin/sh"}), words("#!/bin/sh\necho\n"));
    EXPECT_EQ((Words{"/usr/bin/env", "node"}), words("#! /usr/bin/env  node \nx"));
    EXPECT_EQ((Words{"/usr/bin/env", "-S node --flag"}), words("#!/usr/bin/env -S node --flag\n"));
    EXPECT_EQ(Words{}, words("#!\n"));

    EXPECT_EQ("node", program_of_env({"/usr/bin/env", "node"}));
    EXPECT_EQ("node", program_of_env({"/usr/bin/env", "-S node --flag"}));
    EXPECT_EQ("", program_of_env({"/usr/bin/env", "-i node"}));
    EXPECT_EQ("", program_of_env({"/usr/bin/env", "-S A=b node"}));
    EXPECT_EQ("", program_of_env({"/usr/bin/env"}));
    EXPECT_EQ("", program_of_env({"/usr/bin/python3", "-u"}));
}

TEST(ProgramFile, OfALineForTheShellOnlyWhatIsPlain) {
    EXPECT_EQ("./server", program_of_line("./server --port 3000"));
    EXPECT_EQ("bin/server", program_of_line("  exec bin/server"));
    EXPECT_EQ("/opt/a/b", program_of_line("MODE=on exec /opt/a/b \"$HOME\""));
    for (const char* line : {"", "exec", "node server.js", "tini ./server", "./migrate && ./server",
                             "cd a; ./server", "$(./which)", "\"./my server\"", "$BIN/server",
                             "A='x ./y' node server.js", "./a | ./b", "A=1"}) {
        EXPECT_EQ("", program_of_line(line)) << line;
    }
}

std::string head_of_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::string head(kProgramHeadBytes, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    return head;
}

TEST(ProgramFile, RealOnes) {
    const std::string own = head_of_file("/proc/self/exe");
    Elf64_Ehdr header;
    std::memcpy(&header, own.data(), sizeof header);
    EXPECT_EQ(Kind::dynamic, read_program_head(own, header.e_machine).kind);
    // glibc keeps this one static, to mend what others can't start without.
    const std::string linked = head_of_file(static_program().c_str());
    if (linked.empty()) GTEST_SKIP() << "no /sbin/ldconfig";
    EXPECT_EQ(Kind::static_linked, read_program_head(linked, header.e_machine).kind);
}

}  // namespace
}  // namespace lastgood::process
