//! Switches: their values, and how likely each is drawn.

/// How a switch is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chance {
    /// The first value half of the time, else any other.
    Often,
    /// Another one than the first once in sixteen times: with it, the program may decline to work.
    Rarely,
    /// Stated only, never drawn.
    Never,
}

impl Chance {
    /// One of `values`. Takes as much from `rng` whatever comes of it.
    pub(super) fn draw<T: Copy + Default>(self, rng: &mut fastrand::Rng, values: &[T]) -> T {
        let (other, which) = (rng.f64(), rng.usize(1..values.len().max(2)));
        let share = match self {
            Self::Often => 0.5,
            Self::Rarely => 1.0 / 16.0,
            Self::Never => 0.0,
        };
        if other < share { values.get(which).copied().unwrap_or_default() } else { T::default() }
    }
}

/// The switches of one CRM's accounts: a field, its values (the first is the default), and how it is drawn.
macro_rules! switches {
    ($(
        $(#[$doc:meta])*
        $field:ident: $kind:ident, $chance:ident {
            $(#[$first_doc:meta])* $first:ident,
            $($(#[$value_doc:meta])* $value:ident,)+
        }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "kebab-case")]
            pub enum $kind {
                $(#[$first_doc])*
                #[default]
                $first,
                $($(#[$value_doc])* $value,)+
            }
        )+

        /// Every switch.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Switches {
            $($(#[$doc])* pub $field: $kind,)+
        }

        impl Switches {
            pub(super) fn drawn(rng: &mut fastrand::Rng) -> Self {
                use super::draw::Chance;
                Self { $($field: Chance::$chance.draw(rng, &[$kind::$first, $($kind::$value,)+]),)+ }
            }
        }
    };
}

pub(super) use switches;
