//! What the guides say to type to run a responder is understood, and checked against files of the names they use.

use connector_check_responder::options::{Task, parse};

const GUIDES: [&str; 2] =
    [include_str!("../../../docs/responder.md"), include_str!("../../../docs/catalogues.md")];

#[test]
fn the_commands_of_the_guides_are_understood() {
    let mut checks = 0;
    let mut served = 0;
    for guide in GUIDES {
        let guide = guide.replace("\\\n", " ");
        let commands =
            guide.lines().filter_map(|line| line.trim_start().strip_prefix("connector-check-responder --"));
        for command in commands {
            let words = format!("--{command}");
            match parse(words.split_whitespace().map(Into::into)) {
                Ok(Task::Check(_)) => checks += 1,
                Ok(Task::Serve(_)) => served += 1,
                other => panic!("{command}: {other:?}"),
            }
        }
    }
    assert!(checks >= 1 && served >= 2, "{checks} and {served} commands");
}
