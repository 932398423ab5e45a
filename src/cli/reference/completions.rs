//! Shell completions: clap_complete's, taught to offer the names of chroot configurations.
//!
//! The names are looked up by the shell, by file name, so that completing does not start mock. The
//! places where that is put into the generated text are asserted: a change of the generator must
//! not take it out silently.

use clap_complete::{Generator, Shell, generate};

use crate::cli::reference::command;

const BASH_CONFIGS: &str = r#"_mock_configs() {
    local file name
    for file in /etc/mock/*.cfg /etc/mock/*.toml /usr/share/mock/configs/*.toml "$HOME"/.config/mock/*.cfg "$HOME"/.config/mock/*.toml; do
        name="${file##*/}"
        name="${name%.*}"
        [[ -e "$file" && ! "$name" =~ ^(site-defaults|chroot-aliases|defaults)$ ]] && echo "$name"
    done
}

"#;

const ZSH_CONFIGS: &str = r#"_mock_configs() {
    local -a names
    names=(/etc/mock/*.(cfg|toml)(N:t:r) /usr/share/mock/configs/*.toml(N:t:r) ~/.config/mock/*.(cfg|toml)(N:t:r))
    names=(${names:#(site-defaults|chroot-aliases|defaults)})
    _alternative 'configs:configuration:compadd -a names' 'files:file:_files'
}

"#;

const FISH_CONFIGS: &str = r#"
function __mock_configs
    for file in /etc/mock/*.{cfg,toml} /usr/share/mock/configs/*.toml ~/.config/mock/*.{cfg,toml}
        string replace -r '\.[a-z]+$' '' (path basename $file)
    end | string match -rv '^(site-defaults|chroot-aliases|defaults)$'
end
complete -c mock -s r -l root -r -a '(__mock_configs)'
"#;

pub(super) fn bash() -> String {
    let mut text = script(Shell::Bash);
    for option in ["--root", "-r"] {
        let arm = |completions: &str| {
            format!("                {option})\n                    COMPREPLY=({completions})\n")
        };
        replace(
            &mut text,
            &arm(r#"$(compgen -f "${cur}")"#),
            &arm(r#"$(compgen -W "$(_mock_configs)" -- "${cur}") $(compgen -f "${cur}")"#),
        );
    }
    BASH_CONFIGS.to_owned() + &text
}

pub(super) fn zsh() -> String {
    let mut text = script(Shell::Zsh);
    assert_eq!(text.matches(":CONFIG:_default").count(), 2);
    text = text.replace(":CONFIG:_default", ":CONFIG:_mock_configs");
    // The generator leaves this colon bare, and zsh takes it for the end of the description.
    replace(&mut text, ":PLUGIN:KEY=VALUE:", r":PLUGIN\:KEY=VALUE:");
    let call = "if [ \"$funcstack[1]\" = \"_mock\" ]";
    replace(&mut text, call, &format!("{ZSH_CONFIGS}{call}"));
    text
}

pub(super) fn fish() -> String {
    script(Shell::Fish) + FISH_CONFIGS
}

fn script(shell: impl Generator) -> String {
    let mut text = Vec::new();
    generate(shell, &mut command(), "mock", &mut text);
    String::from_utf8(text).expect("a script is text")
}

fn replace(text: &mut String, from: &str, to: &str) {
    assert_eq!(
        text.matches(from).count(),
        1,
        "the generator's text changed: {from}"
    );
    *text = text.replacen(from, to, 1);
}
