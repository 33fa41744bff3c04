//! Where people sign in.
use pipeline::person::Person;

use crate::doors::Door;

/// Where people sign in. A session is accepted only at the site where it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// The console of staff, at a separate address.
    #[default]
    Console,
    /// The pages of recommending units, at the public address.
    Units,
}

impl Site {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.door().name()
    }

    /// The door at which its refusals are counted.
    pub fn door(self) -> Door {
        match self {
            Site::Console => Door::Console,
            Site::Units => Door::Units,
        }
    }

    /// The prefix of the paths of its pages.
    pub fn base(self) -> &'static str {
        match self {
            Site::Console => "",
            Site::Units => "/units",
        }
    }

    /// Its first page.
    pub fn home(self) -> &'static str {
        match self {
            Site::Console => "/",
            Site::Units => "/units",
        }
    }

    /// Whether a person may sign in here. Passwords of staff are not checked at the public address, nor recommenders'
    /// at the desk.
    pub fn admits(self, person: &Person) -> bool {
        match self {
            Site::Console => !person.only_recommends(),
            Site::Units => person.only_recommends(),
        }
    }
}
