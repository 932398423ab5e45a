//! Why an image cannot be had: what is wrong with it, or with the way to it.

use crate::error::Error;

pub(crate) type Result<T> = std::result::Result<T, Fault>;

#[derive(Debug)]
pub(crate) enum Fault {
    /// The network: trying again may help.
    Passing(Problem),
    /// The image, its name, or the registry's answer.
    Final(Problem),
    /// Nothing of it is the image's fault: a signal came, the disk is full.
    Other(Box<Error>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Final(Problem {
            message: message.into(),
            hint: None,
        })
    }

    pub(crate) fn passing(message: impl Into<String>) -> Self {
        Self::Passing(Problem {
            message: message.into(),
            hint: None,
        })
    }

    pub(crate) fn hinted(self, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        match self {
            Self::Passing(problem) => Self::Passing(Problem { hint, ..problem }),
            Self::Final(problem) => Self::Final(Problem { hint, ..problem }),
            Self::Other(_) => self,
        }
    }

    /// Says in front what was being done.
    pub(crate) fn about(self, what: &str) -> Self {
        let with = |problem: Problem| Problem {
            message: format!("{what}: {}", problem.message),
            ..problem
        };
        match self {
            Self::Passing(problem) => Self::Passing(with(problem)),
            Self::Final(problem) => Self::Final(with(problem)),
            Self::Other(_) => self,
        }
    }

    /// The error of a run that needs the image; `code` says for what it was needed.
    pub(crate) fn into_error(self, code: u8) -> Error {
        match self {
            Self::Passing(Problem { message, hint }) | Self::Final(Problem { message, hint }) => {
                Error::Image {
                    message,
                    hint,
                    code,
                }
            }
            Self::Other(error) => *error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(Box::new(error))
    }
}
