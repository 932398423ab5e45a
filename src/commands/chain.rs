//! `--chain`: source packages in, a repository out, in which each can use those before it.

use crate::buildroot::Cx;
use crate::buildroot::trash::Trash;
use crate::cli::command::Chain;
use crate::error::Result;
use crate::recipe::chain::{self, Policy};
use crate::recipe::local_repo::LocalRepo;

pub(super) fn run(cx: Cx<'_>, trash: &Trash, chain: &Chain) -> Result<()> {
    let repo = match &chain.localrepo {
        Some(path) => {
            let path = match path.strip_prefix("~") {
                Ok(rest) => cx.identity.home.join(rest),
                Err(_) => cx.host.cwd.join(path),
            };
            LocalRepo::at(cx, &path)?
        }
        None => {
            let prefix = chain.tmp_prefix.as_deref().unwrap_or(&cx.identity.name);
            LocalRepo::new(cx, prefix)?
        }
    };
    let policy = match chain {
        Chain { recurse: true, .. } => Policy::TryAgain,
        Chain { go_on: true, .. } => Policy::GoOn,
        _ => Policy::Stop,
    };
    chain::chain(cx, trash, &chain.packages, policy, &repo)
}
