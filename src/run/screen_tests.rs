//! Each control and sequence by value, real output of dnf, and what must hold for any bytes.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const LONGEST: usize = 64 * 1024;
const ROW: Size = size(1, 80);
const ROWS: Size = size(4, 80);

const fn size(rows: u16, columns: u16) -> Size {
    Size { rows, columns }
}

fn screen(size: Size) -> Screen {
    Screen::new(size.rows, size.columns)
}

fn lines_of(size: Size, chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut screen = screen(size);
    let mut lines = Vec::new();
    for chunk in chunks {
        screen.push(chunk, |line| lines.push(line.to_vec()));
    }
    screen.finish(|line| lines.push(line.to_vec()));
    lines
}

fn check(size: Size, cases: &[(&str, &[&str])]) {
    for (given, wanted) in cases {
        let lines = lines_of(size, &[given.as_bytes()]);
        let lines: Vec<_> = lines
            .iter()
            .map(|line| String::from_utf8_lossy(line))
            .collect();
        assert_eq!(lines, *wanted, "{given:?}");
    }
}

#[test]
fn plain_lines_stay_as_they_are() {
    for size in [ROW, ROWS] {
        check(
            size,
            &[
                ("", &[]),
                ("one", &["one"]),
                ("one\n", &["one"]),
                ("one\r\ntwo\r\n\r\n", &["one", "two", ""]),
                ("\n\none\n\n", &["", "", "one", ""]),
                ("spaces  \n  \n  ", &["spaces  ", "  ", "  "]),
                ("spaces  \r\n", &["spaces  "]),
                ("a\tb\t\n", &["a\tb\t"]),
                ("größer 大きい e\u{301}\n", &["größer 大きい e\u{301}"]),
                (
                    "six\nrows\nare\nmore\nthan\nfour",
                    &["six", "rows", "are", "more", "than", "four"],
                ),
                ("form\x0cfeed\x0btab", &["form", "feed", "tab"]),
            ],
        );
    }
    let long = "x".repeat(300);
    check(ROW, &[(&long, &[&long])]);
}

#[test]
fn colours_and_other_controls_go() {
    check(
        ROW,
        &[
            (
                "\x1b[1m\x1b[32mzlib  \x1b(B\x1b[m x86_64 \n",
                &["zlib   x86_64 "],
            ),
            ("\x1b[01m\x1b[Kfoo.c:\x1b[m\x1b[K bad \n", &["foo.c: bad "]),
            ("\x1b[38;2;1;2;3mred\x1b[38:5:9m er\x1b[m\n", &["red er"]),
            ("be\x07ll \x0e\x0f\0nul\x7f\n", &["bell nul"]),
            ("c\u{85}1\u{9b}31m\u{90}\n", &["c131m"]),
            ("\x1b[?25lhidden\x1b[?25h\x1b[?2004h\n", &["hidden"]),
            (
                "\x1b[!p\x1b[>c\x1b[2 q\x1b#8\x1b=\x1b>ignored\n",
                &["ignored"],
            ),
            ("\x1b[3;4r\x1b[4h\x1b[6n\x1b[5bignored\n", &["ignored"]),
            ("\x1b[?Jnot erased\x1b[?K\r\x1b[?2K\n", &["not erased"]),
            ("\x1b[1;2;3 @\x1b[;;<Cignored\n", &["ignored"]),
            ("\x1b]0;title\x07a\x1b]2;t\u{e9}\u{9c}\x1b\\b\n", &["ab"]),
            ("\x1bPq\u{2713}\u{9c}#0\x1b\\a\x1bP1$r0m\x18b\n", &["ab"]),
            ("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\a\n", &["a"]),
            ("\x1b[3\x18a\x1b\x1ab\x1b[\x1b[mc\n", &["abc"]),
            ("\x1b[2\x08Ca\x1b[\tmb\n", &["  a\tb"]),
            // A character in a sequence is swallowed, which then goes on.
            ("a\x1b[\u{e9}2\u{2713}Cb\n", &["a  b"]),
        ],
    );
}

#[test]
fn what_is_open_ends_with_its_line() {
    check(
        ROW,
        &[
            ("\x1b]0;title\nnext\n", &["", "next"]),
            ("a\x1bXlost\nnext\n", &["a", "next"]),
            ("a\x1b_lost\r\nnext\n", &["a", "next"]),
            ("a\x1bPqlost\nnext\n", &["a", "next"]),
            ("a\x1bP1;2\nnext\n", &["a", "next"]),
            ("a\x1b[31\nmext\n", &["a", "mext"]),
            ("a\x1b\n[next\n", &["a", "[next"]),
            ("a\x1b[31", &["a"]),
            ("a\x1bPq", &["a"]),
        ],
    );
}

#[test]
fn a_row_that_is_written_over() {
    check(
        ROW,
        &[
            ("abcdef\rxy\n", &["xycdef"]),
            ("abc   \rxy\n", &["xyc"]),
            (" 10%\r 20%\r100%", &["100%"]),
            ("abc\rxyz   ", &["xyz"]),
            ("\rpadded   \n", &["padded"]),
            ("abc\x08x\n", &["abx"]),
            ("abc\x08\x08\x08\x08\x08x\n", &["xbc"]),
            ("abc\x08 \x08\n", &["ab"]),
            ("\x08\x08a\n", &["a"]),
            ("a\r\r\nb", &["a", "b"]),
            ("a\tb\rxy\n", &["xy      b"]),
            ("a\tb\rx\ty\n", &["x\ty"]),
            ("a\tb\r\tx\n", &["a\tx"]),
            ("ab\rc\td\n", &["cb      d"]),
            ("ab\x1b[3C\tx\rc\n", &["cb   \tx"]),
        ],
    );
}

#[test]
fn wide_characters_and_marks() {
    check(
        ROW,
        &[
            ("大小\rab\n", &["ab小"]),
            ("大小\ra\n", &["a 小"]),
            ("大小\x1b[2Gb\n", &[" b小"]),
            ("大小\x1b[2G中\n", &[" 中"]),
            ("abcd\r大\n", &["大cd"]),
            ("a大\x1b[3G\x1b[K\n", &["a"]),
            ("大小\r\x1b[P\n", &[" 小"]),
            ("大小\r\x1b[2G\x1b[@\n", &["   小"]),
            ("ae\u{301}b\rx\n", &["xe\u{301}b"]),
            ("a\x1b[2Ce\u{301}\u{301}\n", &["a  e\u{301}\u{301}"]),
            ("大x\r\x1b[2C\u{301}y\n", &["大\u{301}y"]),
            // Nothing is there that they could join.
            ("abc\r\u{301}x\n", &["xbc"]),
            ("a\x1b[3C\u{301}x\n", &["a   x"]),
            ("ab\r\t\u{301}x\n", &["ab      x"]),
        ],
    );
    let marks = "\u{301}".repeat(100);
    let lines = lines_of(ROW, &[format!("abc{marks}\rx\n").as_bytes()]);
    assert_eq!(lines, [format!("xbc{}", "\u{301}".repeat(6)).as_bytes()]);
}

#[test]
fn movements_within_a_row() {
    check(
        ROW,
        &[
            ("a\x1b[Cb\x1b[3Cc\n", &["a b   c"]),
            ("a\x1b[0Cb\n", &["a b"]),
            ("abc\x1b[2Dx\x1b[9Dy\n", &["yxc"]),
            ("abc\x1b[Gx\x1b[5Gy\n", &["xbc y"]),
            ("abc\x1b[2`x\n", &["axc"]),
            ("abc\x1b[1;2Hx\x1b[;3fy\n", &["axy"]),
            ("ab\x1b7cd\x1b8x\n", &["abxd"]),
            ("ab\x1b[scd\x1b[ux\n", &["abxd"]),
            ("ab\x1b8x\n", &["xb"]),
            // Only moved: nothing is there.
            ("a\x1b[9C\n", &["a"]),
            ("\x1b[9C", &[]),
        ],
    );
    let far = format!("a{}b", " ".repeat(78));
    check(
        ROW,
        &[("a\x1b[65535Cb\n", &[&far]), ("a\x1b[999Gb\n", &[&far])],
    );
    let farther = format!("a{}b", " ".repeat(98));
    check(size(1, 100), &[("a\x1b[999999Cb\n", &[&farther])]);
    check(size(1, 10), &[("a\x1b[999C\x1b[999Cb\n", &[&far])]);
    let long = "x".repeat(200);
    let moved = format!("{long}\x1b[5Cy\n");
    check(ROW, &[(&moved, &[&format!("{long}y")])]);
}

#[test]
fn erasing_and_editing_a_row() {
    check(
        ROW,
        &[
            ("abcdef\x1b[3D\x1b[K\n", &["abc"]),
            ("abcdef\r\x1b[Kxy  \n", &["xy"]),
            ("abcdef\x1b[3D\x1b[1Kx\n", &["   xef"]),
            ("abcdef\x1b[1K\n", &[""]),
            ("abcdef\x1b[3D\x1b[2Kx\n", &["   x"]),
            ("abcdef\x1b[9K\n", &["abcdef"]),
            ("abcdef\r\x1b[2C\x1b[2X\n", &["ab  ef"]),
            ("abcdef\r\x1b[2C\x1b[99X\n", &["ab"]),
            ("abcdef\r\x1b[Xx\n", &["xbcdef"]),
            ("abcdef\r\x1b[C\x1b[2P\n", &["adef"]),
            ("abcdef\r\x1b[C\x1b[99P\n", &["a"]),
            ("abcdef\x1b[P\x1b[@\n", &["abcdef"]),
            ("abcdef\r\x1b[C\x1b[2@xy\n", &["axybcdef"]),
            ("abcdef\r\x1b[C\x1b[99@x\n", &["ax"]),
            ("a\tb\r\x1b[P\n", &["       b"]),
            ("a\tb\r\x1b[@\n", &[" a       b"]),
            ("abc\x1b[J\x1b[0K  \n", &["abc  "]),
        ],
    );
}

/// Beyond the margin is only text that was written on: edits do not reach there.
#[test]
fn edits_end_at_the_margin() {
    let (left, right) = ("l".repeat(80), "r".repeat(20));
    let cases = [
        ("\x1b[99X", format!("{}{right}", " ".repeat(80))),
        ("\x1b[99P", format!("{}{right}", " ".repeat(80))),
        ("\x1b[2P", format!("{}  {right}", "l".repeat(78))),
        ("\x1b[2@", format!("  {}{right}", "l".repeat(78))),
        ("\x1b[99@", format!("{}{right}", " ".repeat(80))),
    ];
    for (edit, wanted) in cases {
        check(ROW, &[(&format!("{left}{right}\r{edit}\n"), &[&wanted])]);
    }
    let whole = format!("{left}{right}");
    for edit in ["\x1b[4D\x1b[P", "\x1b[4D\x1b[@", "\x1b[4D\x1b[X"] {
        check(ROW, &[(&format!("{whole}{edit}\n"), &[&whole])]);
    }
    let erased = format!("{}{right}", " ".repeat(80));
    check(ROW, &[(&format!("{whole}\x1b[1D\x1b[1K\n"), &[&erased])]);
    check(
        ROW,
        &[(&format!("{whole}\x1b[4D\x1b[K\n"), &[&whole[..96]])],
    );
}

#[test]
fn movements_between_rows() {
    check(
        ROWS,
        &[
            ("a\nb\n\x1b[2Ax\ny\n", &["x", "y"]),
            ("ab\ncd\x1b[Ax\n", &["abx", "cd"]),
            ("a\nb\n\x1b[99Ax\n", &["x", "b"]),
            // The first row can no longer be reached.
            ("1\n2\n3\n4\n5\x1b[99A\rx\n", &["1", "x", "3", "4", "5"]),
            ("a\x1b[2Bb\n", &["a", "", " b"]),
            ("a\x1b[99Bb\nc", &["a", "", "", " b", "c"]),
            ("a\x1b[99B", &["a"]),
            ("ab\x1b[2Ec\n", &["ab", "", "c"]),
            ("a\nbc\nd\x1b[2Fx\n", &["x", "bc", "d"]),
            ("a\x1b[3db\n", &["a", "", " b"]),
            ("a\x1b[99db\n", &["a", "", "", " b"]),
            ("\x1b[2;3Ha\x1b[Hb\x1b[99;2fc\n", &["b", "  a", "", " c"]),
            ("a\x1bDb\x1bEc\n", &["a", " b", "c"]),
            ("1\n2\n3\n4\x1bD5\n", &["1", "2", "3", "4", " 5"]),
            ("a\nb\x1bMx\n", &["ax", "b"]),
            ("a\nb\x1b[H\x1bMx\n", &["x", "a", "b"]),
            ("1\n2\n3\n4\x1b[H\x1bMx\n", &["x", "1", "2", "3"]),
            ("a\x1b7\nb\x1b8x\n", &["ax", "b"]),
            ("a\x1b[s\nb\nc\x1b[ux\n", &["ax", "b", "c"]),
        ],
    );
    // One row: there is nowhere to go.
    check(ROW, &[("a\nb\x1b[Ac\x1b[2Bd\n", &["a", "bcd"])]);
}

#[test]
fn erasing_and_moving_rows() {
    check(
        ROWS,
        &[
            ("a\nbc\nd\x1b[A\x1b[Jx\n", &["a", "bx"]),
            ("a\nb\nc\x1b[2A\r\x1b[0Jx\n", &["x"]),
            ("a\nbcd\ne\x1b[A\x1b[1Jx\n", &["", " xd", "e"]),
            ("1\n2\n3\x1b[2H\x1b[Lx\n", &["1", "x", "2", "3"]),
            ("1\n2\n3\n4\x1b[2H\x1b[2Lx\n", &["1", "x", "", "2"]),
            ("1\n2\n3\n4\x1b[2H\x1b[99L\x1b[4H\n", &["1", "", "", ""]),
            ("1\n2\n3\n4\x1b[2H\x1b[M\x1b[4Hx\n", &["1", "3", "4", "x"]),
            ("1\n2\n3\n4\x1b[2H\x1b[99Mx\n", &["1", "x"]),
            ("1\n2\x1b[4H\x1b[M\x1b[L\n", &["1", "2", "", ""]),
            ("1\n2\n3\x1b[2Sx\n", &["1", "2", "3", "", " x"]),
            ("1\n2\x1b[99S\x1b[Hx", &["1", "2", "x"]),
            ("1\n2\x1b[Tx\n", &["", "1x", "2"]),
            ("1\n2\n3\n4\x1b[2Tx\n", &["", "", "1", "2x"]),
            ("1\x1b[99Tx\n", &[" x"]),
        ],
    );
}

/// A terminal forgets it; a log does not.
#[test]
fn what_is_wiped_off_the_screen_is_given_out() {
    check(
        ROWS,
        &[
            ("a\nb\x1b[H\x1b[2Jc\n", &["a", "b", "c"]),
            ("a\nb\r\x1b[3Jc\n", &["a", "b", "c"]),
            ("a\nb\r\x1b[?1049hc\r\x1b[?1049ld\n", &["a", "b", "c", "d"]),
            ("a\r\x1b[?47hb\r\x1b[?1;1047lc\n", &["a", "b", "c"]),
            ("ab\ncd\x1bce\x1b8f\n", &["ab", "cd", "f"]),
            ("\x1b[2J\x1b[2J\x1bc", &[]),
            ("a\n\n\x1b[2Jb\n", &["a", "", "b"]),
        ],
    );
}

#[test]
fn rows_at_the_end_that_are_empty_are_no_lines() {
    check(
        ROWS,
        &[
            ("bar\r\x1b[K", &[]),
            ("bar\r\x1b[K\n", &[""]),
            ("a\nbar\r\x1b[K", &["a"]),
            ("a\nb\nc\x1b[2K\x1b[A\x1b[2K\r", &["a"]),
            ("\r", &[]),
            ("a\n\r", &["a"]),
        ],
    );
}

#[test]
fn bars_of_several_rows() {
    let mut text = "Downloading:\n\n\n\x1b[?25l".to_owned();
    for percent in (0..=100).step_by(10) {
        let bar = "=".repeat(percent / 10);
        text += &format!(
            "\x1b[2A\r\x1b[2K\x1b[32mone\x1b[0m {percent:3}% [{bar:10}]\n\x1b[2Ktwo {percent:3}%\n"
        );
    }
    text += "\x1b[2A\x1b[J[1/2] one\n[2/2] two\n\x1b[?25hdone\n";
    check(
        ROWS,
        &[(&text, &["Downloading:", "[1/2] one", "[2/2] two", "done"])],
    );
}

#[test]
fn output_of_dnf() {
    let given = include_bytes!("testdata/dnf4-install.pty");
    let wanted = include_bytes!("testdata/dnf4-install.log");
    for size in [ROW, ROWS, size(50, 200)] {
        let lines = lines_of(size, &[given]);
        assert_eq!(
            String::from_utf8_lossy(&lines.join(&b'\n')),
            String::from_utf8_lossy(wanted).trim_end_matches('\n'),
            "{size:?}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf_8_stay() {
    let cases: &[(&[u8], &[&[u8]])] = &[
        (b"gr\xfc\xdfe\n", &[b"gr\xfc\xdfe"]),
        (
            b"\xff\xfe\n\xe2\x82\n\xf0\x9f\x98",
            &[b"\xff\xfe", b"\xe2\x82", b"\xf0\x9f\x98"],
        ),
        (
            b"\xe2\x82\xe2\x82\xac\xc0\x80\x80\n",
            &[b"\xe2\x82\xe2\x82\xac\xc0\x80\x80"],
        ),
        (b"a\xfcc\rx\n", &[b"x\xfcc"]),
        (b"a\x84c\x1b[2G\xfd\n", &[b"a\xfdc"]),
        (b"\xff\xff\xff\rab\n", &[b"ab\xff"]),
        // The rest of a sequence, as characters are.
        (
            b"\x1b[3\xffmx\x1b]0;\xfc\x07y\x1bPq\x9c\xff\x1b\\z\n",
            &[b"xyz"],
        ),
        // The sequence is over, though the parser does not say so.
        (b"\x1b[?<x\xffy\n", &[b"\xffy"]),
        (b"a\xe2\x1b[m\x82\n", &[b"a\xe2\x82"]),
        // Three columns, though together they are a character now.
        (b"\xe2\x1b[m\x82\xac\r\x1b[2Xx\n", &[b"x"]),
        (
            b"\xe2\x1b[m\x82\xac\x1b[2G\x1b[2P\x1b[2@x\n",
            &[b"\xe2\x82\xacx"],
        ),
    ];
    for (given, wanted) in cases {
        assert_eq!(lines_of(ROW, &[given]), *wanted, "{given:x?}");
        for cut in 0..given.len() {
            let (left, right) = given.split_at(cut);
            assert_eq!(
                lines_of(ROW, &[left, right]),
                *wanted,
                "{given:x?} at {cut}"
            );
        }
    }
}

#[test]
fn the_row_and_the_column_as_they_stand() {
    let mut screen = screen(size(3, 20));
    let mut given = 0;
    let cases: &[(&str, &str, usize)] = &[
        ("", "", 0),
        ("first\nIs this ok [y/N]: ", "Is this ok [y/N]: ", 18),
        ("\r", "Is this ok [y/N]: ", 0),
        ("\x1b[K大", "大", 2),
        ("\t", "大", 8),
        ("\x1b[200C", "大", 79),
        ("\x1b[A", "first", 79),
        ("\n\n", "", 0),
    ];
    for (text, row, column) in cases {
        screen.push(text.as_bytes(), |_| given += 1);
        assert_eq!(screen.row(), row.as_bytes(), "{text:?}");
        assert_eq!(screen.column(), *column, "{text:?}");
    }
    assert_eq!(given, 0);
    screen.push(b"\n\n", |_| given += 1);
    assert_eq!(given, 2);
    assert!(format!("{screen:?}").starts_with("Screen"));
}

#[test]
fn the_margin_moves() {
    let mut screen = screen(size(1, 200));
    screen.push(b"\x1b[999C", |_| {});
    assert_eq!(screen.column(), 199);
    screen.resize(100);
    assert_eq!(screen.column(), 99);
    screen.resize(10);
    assert_eq!(screen.column(), 79);
    screen.push(b"\x1b[999C", |_| {});
    assert_eq!(screen.column(), 79);
}

#[test]
fn a_screen_can_be_used_again() {
    let mut screen = screen(ROWS);
    let mut lines = Vec::new();
    for _ in 0..2 {
        screen.push(b"a\nb\x1b7\x1bPq\xe2", |line| lines.push(line.to_vec()));
        screen.finish(|line| lines.push(line.to_vec()));
    }
    assert_eq!(lines, [b"a", b"b", b"a", b"b"]);
    assert_eq!((screen.column(), screen.size()), (0, 0));
}

#[test]
fn a_line_without_end_comes_in_pieces() {
    let cases: &[(&str, &[usize])] = &[
        ("x", &[LONGEST, LONGEST, 8]),
        // Cut between characters: one is of two bytes, one of three and two columns.
        ("ä", &[LONGEST, LONGEST, LONGEST, LONGEST, 16]),
        (
            "大",
            &[
                LONGEST - 1,
                LONGEST - 1,
                LONGEST - 1,
                LONGEST - 1,
                LONGEST - 1,
                LONGEST - 1,
                30,
            ],
        ),
    ];
    for (character, wanted) in cases {
        let text = character.repeat(2 * LONGEST + 8);
        let lines = lines_of(ROW, &[text.as_bytes()]);
        assert!(lines.concat() == text.as_bytes(), "{character}");
        let lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
        assert_eq!(lengths, *wanted, "{character}");
        for chunk in [1, 4097, LONGEST] {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(chunk).collect();
            assert_eq!(lines_of(ROW, &chunks), lines, "{character} by {chunk}");
        }
    }
    // One that is just as long is one line.
    let exact = "x".repeat(LONGEST);
    check(ROW, &[(&format!("{exact}\nnext\n"), &[&exact, "next"])]);
    let tabs = lines_of(ROW, &[&vec![b'\t'; LONGEST / 8 + 2]]);
    assert_eq!(
        tabs.iter().map(Vec::len).collect::<Vec<_>>(),
        [LONGEST / 8, 2]
    );
}

#[test]
fn pieces_of_a_row_that_was_written_over() {
    let long = "x".repeat(LONGEST - 1);
    for (more, first, second) in [("yz", "y", "z"), ("大z", "", "大z"), ("\t.", "", ".")] {
        let text = format!(
            "above\n{long}\ra\x1b[0G\x1b[B\x1b[A\rb{}{more}\n",
            &long[1..]
        );
        let lines = lines_of(ROWS, &[text.as_bytes()]);
        let whole = format!("b{}{first}", &long[1..]);
        assert_eq!(
            lines,
            [b"above", whole.as_bytes(), second.as_bytes()],
            "{more:?}"
        );
    }
}

// What must hold for any bytes.

/// What one byte may lead to at most: it may be the one that ends a sequence.
fn bound(size: Size) -> usize {
    usize::from(size.columns.max(80)) + usize::from(size.rows) + 16
}

/// Lines, and how the screen was before it was finished; checks the bounds meanwhile.
fn run(size: Size, chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>, usize) {
    Screen::take_steps();
    let mut screen = screen(size);
    let mut lines = Vec::new();
    for chunk in chunks {
        screen.push(chunk, |line| lines.push(line.to_vec()));
        // A row that is bytes has as many bytes, one that is not as many cells.
        assert!(screen.size() <= usize::from(size.rows) * LONGEST + 3);
    }
    let (row, column) = (screen.row(), screen.column());
    screen.finish(|line| lines.push(line.to_vec()));
    let read: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let written: usize = lines.iter().map(|line| line.len() + 1).sum();
    let allowed = (read + 1) * bound(size);
    assert!(written <= allowed, "{written} bytes of {read}");
    let steps = Screen::take_steps();
    assert!(steps <= allowed, "{steps} steps for {read} bytes");
    (lines, row, column)
}

fn split<'b>(bytes: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut chunks = Vec::new();
    let mut start = 0;
    for cut in cuts {
        chunks.push(&bytes[start..cut]);
        start = cut;
    }
    chunks.push(&bytes[start..]);
    chunks
}

fn a_sequence() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        Just(String::new()),
        (0..12u32).prop_map(|n| n.to_string()),
        (0..70_000u32).prop_map(|n| n.to_string()),
    ];
    let action = "[ABCDEFGHJKLMPSTXdfsu`@m]";
    (number.clone(), number, action)
        .prop_map(|(first, second, action)| format!("\x1b[{first};{second}{action}").into_bytes())
}

/// Pieces of what programs print, and of what they should not.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let controls: &[&[u8]] = &[
        b"\r",
        b"\n",
        b"\r\n",
        b"\x08",
        b"\t",
        b"\x0b",
        b"\x0c",
        b"\x1b",
        b"\x18",
        b"\x1a",
        b"\x7f",
        b"\x1b7",
        b"\x1b8",
        b"\x1bM",
        b"\x1bD",
        b"\x1bE",
        b"\x1bc",
        b"\x1b(B",
        b"\x1b[?1049h",
        b"\x1b]0;",
        b"\x07",
        b"\xe2",
        b"\x82",
        b"\xac",
        b"\x1b[m",
        b"\x1b\\",
        b"\x1bP1;2q",
        b"\x1b_",
        b"\x1bX",
        b"\x1b[",
        b"\x1b[?",
        b"<",
    ];
    let piece = prop_oneof![
        4 => "[ -~]{0,20}".prop_map(String::into_bytes),
        1 => "\\PC{0,8}".prop_map(String::into_bytes),
        1 => "[大小\u{301}\u{200d}\u{9c}\u{9b}é]{1,5}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => ("[ -~\t大]", prop_oneof![9 => 80..2000usize, 1 => 60_000..70_000usize])
            .prop_map(|(text, times)| text.repeat(times).into_bytes()),
        6 => prop::sample::select(controls).prop_map(<[u8]>::to_vec),
        6 => a_sequence(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 200,
        failure_persistence: None,
        // What luck finds is the fuzzer's to find.
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_depends_on_where_reads_cut(
        bytes in output(),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
        rows in 1..6u16,
        columns in prop_oneof![Just(80), 0..300u16],
    ) {
        let size = size(rows, columns);
        let whole = run(size, &[&bytes]);
        prop_assert_eq!(&run(size, &split(&bytes, &cuts)), &whole);
        if bytes.len() < 2000 {
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&run(size, &single), &whole);
        }
    }

    #[test]
    fn text_without_controls_comes_out_as_it_is(
        pieces in prop::collection::vec(
            prop_oneof![
                "\\PC{0,30}".prop_map(String::into_bytes),
                // Without the first byte of controls that are encoded in two.
                prop::collection::vec(prop_oneof![b' '..=b'~', 0x80..=0xc1u8, 0xc3..=0xffu8], 0..30),
                Just(b"\n".to_vec()),
            ],
            0..30,
        ),
        rows in 1..6u16,
    ) {
        let bytes = pieces.concat();
        let mut wanted: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if wanted.last().is_some_and(|last| last.is_empty()) {
            wanted.pop();
        }
        prop_assert_eq!(lines_of(size(rows, 80), &[&bytes]), wanted);
    }
}

/// Twice as much costs twice as much, whatever it is.
#[test]
fn hostile_output_stays_linear() {
    let long = "x".repeat(LONGEST - 1);
    let cases: &[(&str, &str)] = &[
        ("", "\x1b[65535Cx"),
        ("", "\x1b[65535Cx\n"),
        ("", "\x1b[65535Cx\r\x1b[65535P"),
        ("", "x\r\x1b[65535@"),
        ("", "\x1b[65535Gx\x1b[65535Dx"),
        ("", "\x1b[65535Bx\x1b[2J"),
        ("", "\x1b[65535B\n\x1b[H"),
        ("", "x\x1b[65535L\x1b[65535M"),
        ("", "x\x1b[65535S\x1b[65535T"),
        ("", "\x1bMx\x1bD"),
        ("", "\t\rx"),
        ("", "大\ra"),
        (
            "",
            "\x1b[1;2;3;4;5;6;7;8;9;0;1;2;3;4;5;6;7;8;9;0;1;2;3;4;5;6;7;8;9;0;1;2;3;4;5m",
        ),
        (
            "",
            "\x1b[:::::::::::::::::::::::::::::::::::::::::::::::::::C",
        ),
        ("\x1b[", "1;"),
        ("\x1b]", "0;title"),
        ("\x1bPq", "sixel"),
        ("\x1b_", "program"),
        ("e", "\u{301}"),
        ("ae\x08", "\u{301}"),
        (&long, "\x1b[1K"),
        (&long, "\x1b[1J"),
        (&long, "\r\x1b[P"),
        (&long, "\r\x1b[@"),
        (&long, "\x1b[D\x1b[Cx\x08\x08"),
        (&long, "\x1b[s\x1b[2Kx\x1b[u"),
        (&long, "\x1b7\nx\x1b8x"),
        (&long, "\x1b[Bx\x1b[A\x1b[K"),
        (&long, "\x1bDx"),
    ];
    for size in [ROW, size(50, 200)] {
        for (start, again) in cases {
            let steps = |times: usize| {
                let text = format!("{start}{}", again.repeat(times));
                let mut screen = screen(size);
                Screen::take_steps();
                screen.push(text.as_bytes(), |_| {});
                screen.finish(|_| {});
                Screen::take_steps()
            };
            let (none, once, twice) = (steps(0), steps(2000), steps(4000));
            let allowed = 2000 * again.len() * bound(size);
            assert!(once <= allowed + none, "{again:?}: {once} steps");
            assert!(
                twice <= 2 * once + once / 10 + none,
                "{again:?}: {once}, then {twice}"
            );
        }
    }
}

/// A title of some megabytes has no place to be kept in: the parser is of a fixed size.
#[test]
fn titles_and_control_strings_are_not_kept() {
    assert!(size_of::<vte::Parser<0>>() < 1024);
    for (start, end) in [
        ("\x1b]0;", "\x07"),
        ("\x1bPq", "\x1b\\"),
        ("\x1b_", "\x1b\\"),
    ] {
        let mut screen = screen(ROWS);
        screen.push(start.as_bytes(), |_| {});
        for _ in 0..64 {
            screen.push(&[b';'; LONGEST], |_| {});
            assert_eq!(screen.size(), 0);
        }
        screen.push(end.as_bytes(), |_| {});
        screen.push(b"text", |_| {});
        assert_eq!(screen.row(), b"text");
    }
}
