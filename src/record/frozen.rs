//! What makes a frozen struct: its fields in the order in which they are written, and the way to the domain's type and back.
//!
//! A frozen type holds numbers, strings and other frozen types, and never a type of the domain: the domain may change, and
//! bytes that were written may not. The macros spare the field-by-field copying, nothing else. They name each field of both
//! sides: a field that the domain gains or loses stops the build here, until there is a new version of the form.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::day::Day;
use crate::domain::ids::{
    DrillId, FunctionId, FunctionIx, GatewayId, GatewayIx, GroupId, InfraId, PlaybookId, PointIx, RoutineId, SiteId,
    SystemId,
};
use crate::domain::incident::addresses::AddressKey;
use crate::domain::ladder::{LevelIx, ModeIx};
use crate::domain::lang::{L10n, Lang};
use crate::domain::text::{Canonical, Fingerprint};
use crate::domain::time::At;

/// What was read can't have been written by this program: why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damaged(pub String);

/// A frozen form of a domain type.
pub trait Frozen<T>: Sized {
    /// As it is written.
    fn freeze(from: &T) -> Self;
    /// As the domain has it.
    ///
    /// # Errors
    /// A value that the domain's type can't have.
    fn thaw(self) -> Result<T, Damaged>;
}

macro_rules! as_it_is {
    ($($t:ty),*) => { $(
        impl Frozen<$t> for $t {
            fn freeze(from: &$t) -> Self { from.clone() }
            fn thaw(self) -> Result<$t, Damaged> { Ok(self) }
        }
    )* };
}
as_it_is!(bool, u8, u16, u32, u64, i64, String, [String; 7], [String; 12]);

/// Newtypes over a number.
macro_rules! number {
    ($($t:ident = $n:ty),*) => { $(
        impl Frozen<$t> for $n {
            fn freeze(from: &$t) -> Self { from.0 }
            fn thaw(self) -> Result<$t, Damaged> { Ok($t(self)) }
        }
    )* };
}
number!(FunctionIx = u32, PointIx = u32, GatewayIx = u32, LevelIx = u8, ModeIx = u8, At = i64, AddressKey = u64);

/// Names of the configuration.
macro_rules! name {
    ($($t:ident),*) => { $(
        impl Frozen<$t> for String {
            fn freeze(from: &$t) -> Self { from.as_str().to_owned() }
            fn thaw(self) -> Result<$t, Damaged> { Ok($t::from(self)) }
        }
    )* };
}
name!(DrillId, FunctionId, GatewayId, GroupId, InfraId, PlaybookId, RoutineId, SiteId, SystemId);

impl<const N: usize> Frozen<[u8; N]> for [u8; N] {
    fn freeze(from: &[u8; N]) -> Self {
        *from
    }
    fn thaw(self) -> Result<[u8; N], Damaged> {
        Ok(self)
    }
}
impl Frozen<Arc<str>> for String {
    fn freeze(from: &Arc<str>) -> Self {
        from.as_ref().to_owned()
    }
    fn thaw(self) -> Result<Arc<str>, Damaged> {
        Ok(self.into())
    }
}

/// As people write it: `2026-12-20`.
impl Frozen<Day> for String {
    fn freeze(from: &Day) -> Self {
        from.to_string()
    }
    fn thaw(self) -> Result<Day, Damaged> {
        self.parse().map_err(|e: crate::domain::day::BadDay| Damaged(e.to_string()))
    }
}

/// Two small letters.
impl Frozen<Lang> for String {
    fn freeze(from: &Lang) -> Self {
        from.as_str().to_owned()
    }
    fn thaw(self) -> Result<Lang, Damaged> {
        Lang::try_from(self).map_err(Damaged)
    }
}

/// The same in several languages, by their letters.
pub type Words = BTreeMap<String, String>;
impl Frozen<L10n> for Words {
    fn freeze(from: &L10n) -> Self {
        from.0.iter().map(|(lang, text)| (lang.as_str().to_owned(), text.clone())).collect()
    }
    fn thaw(self) -> Result<L10n, Damaged> {
        Ok(L10n(Frozen::thaw(self)?))
    }
}

impl Frozen<Canonical> for String {
    fn freeze(from: &Canonical) -> Self {
        from.as_str().to_owned()
    }
    fn thaw(self) -> Result<Canonical, Damaged> {
        Canonical::try_from(self).map_err(|e| Damaged(e.to_string()))
    }
}

impl Frozen<Fingerprint> for String {
    fn freeze(from: &Fingerprint) -> Self {
        from.as_str().to_owned()
    }
    fn thaw(self) -> Result<Fingerprint, Damaged> {
        self.parse().map_err(|_| Damaged(format!("“{self}” is not a fingerprint")))
    }
}

impl<T, F: Frozen<T>> Frozen<Vec<T>> for Vec<F> {
    fn freeze(from: &Vec<T>) -> Self {
        from.iter().map(F::freeze).collect()
    }
    fn thaw(self) -> Result<Vec<T>, Damaged> {
        self.into_iter().map(F::thaw).collect()
    }
}

impl<T, F: Frozen<T>> Frozen<Arc<Vec<T>>> for Vec<F> {
    fn freeze(from: &Arc<Vec<T>>) -> Self {
        from.iter().map(F::freeze).collect()
    }
    fn thaw(self) -> Result<Arc<Vec<T>>, Damaged> {
        self.into_iter().map(F::thaw).collect::<Result<Vec<T>, _>>().map(Arc::new)
    }
}

impl<T, F: Frozen<T>> Frozen<Option<T>> for Option<F> {
    fn freeze(from: &Option<T>) -> Self {
        from.as_ref().map(F::freeze)
    }
    fn thaw(self) -> Result<Option<T>, Damaged> {
        self.map(F::thaw).transpose()
    }
}

impl<T, F: Frozen<T>> Frozen<Box<T>> for Box<F> {
    fn freeze(from: &Box<T>) -> Self {
        Box::new(F::freeze(from))
    }
    fn thaw(self) -> Result<Box<T>, Damaged> {
        (*self).thaw().map(Box::new)
    }
}

impl<K: Ord, V, FK: Frozen<K> + Ord, FV: Frozen<V>> Frozen<BTreeMap<K, V>> for BTreeMap<FK, FV> {
    fn freeze(from: &BTreeMap<K, V>) -> Self {
        from.iter().map(|(k, v)| (FK::freeze(k), FV::freeze(v))).collect()
    }
    fn thaw(self) -> Result<BTreeMap<K, V>, Damaged> {
        self.into_iter().map(|(k, v)| Ok((k.thaw()?, v.thaw()?))).collect()
    }
}

impl<A, B, FA: Frozen<A>, FB: Frozen<B>> Frozen<(A, B)> for (FA, FB) {
    fn freeze(from: &(A, B)) -> Self {
        (FA::freeze(&from.0), FB::freeze(&from.1))
    }
    fn thaw(self) -> Result<(A, B), Damaged> {
        Ok((self.0.thaw()?, self.1.thaw()?))
    }
}

/// `Site1 of plan::Site { id: String, name: Words }`: a frozen struct with the way from and to the domain's struct, whose
/// fields have the same names, unless `as` says what one is called by now: `archive as seals_to: Option<u32>`.
macro_rules! frozen_struct {
    ($(
        $(#[$meta:meta])*
        $name:ident of $($of:ident)::+ { $($(#[$field_meta:meta])* $field:ident $(as $now:ident)? : $type:ty),* $(,)? }
    )*) => { $(
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        $(#[$meta])*
        pub(in crate::record) struct $name { $($(#[$field_meta])* pub(in crate::record) $field: $type),* }
        impl $crate::record::frozen::Frozen<$($of)::+> for $name {
            fn freeze(from: &$($of)::+) -> Self {
                let $($of)::+ { $($($now:)? $field),* } = from;
                Self { $($field: $crate::record::frozen::Frozen::freeze($field)),* }
            }
            fn thaw(self) -> Result<$($of)::+, $crate::record::frozen::Damaged> {
                let Self { $($field),* } = self;
                $(let $field = $crate::record::frozen::Frozen::thaw($field)?;)*
                Ok($($of)::+ { $($($now:)? $field),* })
            }
        }
    )* };
}
pub(super) use frozen_struct;

/// `Item1 of values::Item { Message(u32) = 0, Note(u32) = 1 }`: a frozen enum. The number of a variant is what stands for it in
/// the bytes, and is its place: new variants get the next one, and none is ever taken out.
macro_rules! frozen_enum {
    (@bind $value:ident $type:ty) => { $value };
    (@freeze $value:ident $type:ty) => { $crate::record::frozen::Frozen::freeze($value) };
    (@thaw $value:ident $type:ty) => { $crate::record::frozen::Frozen::thaw($value)? };
    ($(
        $(#[$meta:meta])*
        $name:ident of $($of:ident)::+ { $(
            $(#[$variant_meta:meta])*
            $variant:ident $({ $($field:ident : $type:ty),* $(,)? })? $(( $inner:ty ))? = $number:literal
        ),* $(,)? }
    )*) => { $(
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        $(#[$meta])*
        #[repr(u8)]
        pub(in crate::record) enum $name { $(
            $(#[$variant_meta])*
            $variant $({ $($field: $type),* })? $(($inner))? = $number
        ),* }
        const _: () = {
            let numbers: &[usize] = &[$($number),*];
            let mut place = 0;
            while place < numbers.len() {
                assert!(numbers[place] == place, "the number of a variant is its place");
                place += 1;
            }
        };
        impl $crate::record::frozen::Frozen<$($of)::+> for $name {
            fn freeze(from: &$($of)::+) -> Self {
                use $($of)::+ as Of;
                match from { $(
                    Of::$variant $({ $($field),* })? $((frozen_enum!(@bind value $inner)))? =>
                        Self::$variant
                            $({ $($field: $crate::record::frozen::Frozen::freeze($field)),* })?
                            $((frozen_enum!(@freeze value $inner)))?
                ),* }
            }
            fn thaw(self) -> Result<$($of)::+, $crate::record::frozen::Damaged> {
                use $($of)::+ as Of;
                Ok(match self { $(
                    Self::$variant $({ $($field),* })? $((frozen_enum!(@bind value $inner)))? =>
                        Of::$variant
                            $({ $($field: $crate::record::frozen::Frozen::thaw($field)?),* })?
                            $((frozen_enum!(@thaw value $inner)))?
                ),* })
            }
        }
    )* };
}
pub(super) use frozen_enum;
