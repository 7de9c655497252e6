//! Gathers values in Parquet's plain encoding.

/// Values one after another, each after its length in four bytes: Parquet's plain encoding.
#[derive(Debug, Default)]
pub(crate) struct Lengthed {
    /// The values, and room for more that is filled with zeros or leftovers.
    bytes: Vec<u8>,
    /// Bytes that the values take.
    length: usize,
}

impl Lengthed {
    /// Bytes of a length.
    const LENGTH: usize = size_of::<u32>();
    /// Bytes by which the room grows: few enough to be still in the cache when values fill them.
    const ROOM: usize = 1 << 12;

    /// No values yet, after the bytes `before`, with memory reserved for `capacity` bytes.
    pub(crate) fn new(before: &[u8], capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(before.len() + capacity);
        bytes.extend_from_slice(before);
        Lengthed {
            length: bytes.len(),
            bytes,
        }
    }

    /// Bytes so far, those before the first value included.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The bytes so far.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The bytes, without the room for more.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }

    /// Appends a value.
    ///
    /// Up to 64 bytes are copied as a first and a last piece of fixed size, which may overlap. Nothing
    /// that was just written is read again, as the processor would have to wait for it.
    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        let length = u32::try_from(value.len()).expect("a value is shorter than its block");
        let (start, end) = (
            self.length + Self::LENGTH,
            self.length + Self::LENGTH + value.len(),
        );
        if self.bytes.len() < end {
            self.bytes.resize(end + Self::ROOM, 0);
        }
        self.bytes[self.length..start].copy_from_slice(&length.to_le_bytes());
        let room = &mut self.bytes[start..end];
        match value.len() {
            0..4 => {
                for (to, from) in room.iter_mut().zip(value) {
                    *to = *from;
                }
            }
            4..8 => put_ends::<4>(room, value),
            8..=16 => put_ends::<8>(room, value),
            17..=32 => put_ends::<16>(room, value),
            33..=64 => put_ends::<32>(room, value),
            _ => room.copy_from_slice(value),
        }
        self.length = end;
    }
}

/// Copies the first `N` bytes and the last `N`, which overlap or touch.
#[inline(always)]
fn put_ends<const N: usize>(room: &mut [u8], value: &[u8]) {
    if let (Some(room), Some(value)) = (room.first_chunk_mut::<N>(), value.first_chunk::<N>()) {
        *room = *value;
    }
    if let (Some(room), Some(value)) = (room.last_chunk_mut::<N>(), value.last_chunk::<N>()) {
        *room = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_after_their_lengths() {
        for length in 0..140 {
            let a: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut appended = Lengthed::new(b"before", 0);
            let one = [&[length as u8, 0, 0, 0], &a[..]].concat();
            for _ in 0..100 {
                appended.push(&a);
            }
            let all = [b"before", &one.repeat(100)[..]].concat();
            assert_eq!(appended.as_slice(), all);
            assert_eq!(appended.into_bytes(), all);
        }
    }
}
