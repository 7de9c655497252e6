//! Encodes numbers and keys as Parquet's DELTA_BINARY_PACKED and RLE_DICTIONARY.
//!
//! Polars packs the bits. What stands around the packed bits is made here, in blocks: polars takes the
//! values one by one, which is most of what a column of numbers costs.

use fearless_simd::{Level, Simd, dispatch};
use polars_parquet::parquet::encoding::hybrid_rle::{Encoder, encode};
use polars_parquet::parquet::encoding::{bitpacked, uleb128, zigzag_leb128};

/// Deltas in a block.
const BLOCK: usize = 256;

/// Appends numbers as deltas, in blocks that consist of one miniblock each.
///
/// The format: the size of a block, the miniblocks in it, the count of all values and the first value.
/// Then for each block its least delta, the bits of a packed delta, and the deltas over the least.
pub(super) fn deltas(buffer: &mut Vec<u8>, values: &[i64]) {
    for number in [BLOCK, 1, values.len()] {
        unsigned(buffer, number as u64);
    }
    let (mut last, values) = match values.split_first() {
        Some((first, rest)) => (*first, rest),
        None => (0, values),
    };
    signed(buffer, last);
    let mut deltas = [0; BLOCK];
    for block in values.chunks(BLOCK) {
        let least = dispatch!(Level::new(), simd => block_deltas(simd, last, block, &mut deltas));
        // The highest bit that is set in any delta tells how many bits all of them need.
        let all = deltas.iter().fold(0, |bits, delta| bits | delta);
        let mut bits = u64::BITS - all.leading_zeros();
        // For a block of equal deltas, which takes no bits, readers may multiply the delta by the count. If
        // that would overflow, one bit each keeps them from it.
        let product = least.checked_mul(BLOCK as i64);
        if bits == 0 && product.and_then(|sum| last.checked_add(sum)).is_none() {
            bits = 1;
        }
        last = block.last().copied().unwrap_or(last);
        signed(buffer, least);
        buffer.push(bits as u8);
        pack(buffer, &deltas, bits as usize);
    }
}

/// Computes the deltas of a block over the least of them, and gives the least.
///
/// `before` is the value before the block. The parameter for SIMD lets the compiler use its instructions.
#[inline(always)]
fn block_deltas<S: Simd>(_: S, before: i64, block: &[i64], deltas: &mut [u64; BLOCK]) -> i64 {
    let mut differences = [0i64; BLOCK];
    // The format demands arithmetic that wraps around, so that any two values have a delta.
    differences[0] = block[0].wrapping_sub(before);
    for (difference, pair) in differences[1..].iter_mut().zip(block.windows(2)) {
        *difference = pair[1].wrapping_sub(pair[0]);
    }
    let differences = &differences[..block.len()];
    let least = differences
        .iter()
        .fold(i64::MAX, |least, delta| least.min(*delta));
    // Behind the end of the last block stand zeros.
    *deltas = [0; BLOCK];
    for (delta, difference) in deltas.iter_mut().zip(differences) {
        *delta = difference.wrapping_sub(least).cast_unsigned();
    }
    least
}

/// Appends keys of a dictionary, each of which fits into `bits` bits.
///
/// The first byte is the number of bits. Runs are used where they are surely smaller than packed bits.
pub(super) fn keys(buffer: &mut Vec<u8>, keys: &[u32], bits: u32) -> std::io::Result<()> {
    buffer.push(bits as u8);
    if bits == 0 {
        return <u32 as Encoder<u32>>::run_length_encode(buffer, keys.len(), 0, bits);
    }
    // A run of one key takes about three bytes, whatever its length.
    let changes = keys.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if changes * 3 < keys.len() * bits as usize / 8 {
        return encode(buffer, keys.iter().copied(), bits);
    }
    // Packed keys come in groups of eight; the lowest bit of their count tells them from a run.
    let groups = keys.len().div_ceil(8);
    unsigned(buffer, (groups as u64) << 1 | 1);
    let start = buffer.len();
    pack(buffer, keys, bits as usize);
    // The packer fills whole packs, of which the format wants only the groups.
    buffer.truncate(start + groups * bits as usize);
    Ok(())
}

/// Appends the lowest `bits` bits of each value.
fn pack<T: bitpacked::Unpackable>(buffer: &mut Vec<u8>, values: &[T], bits: usize) {
    let start = buffer.len();
    // The packer works on 64 values at once, or 32, so there is room for whole packs.
    let packs = values.len().div_ceil(64) * 64;
    buffer.resize(start + packs * bits / 8, 0);
    if bits > 0 {
        bitpacked::encode(values, bits, &mut buffer[start..]);
    }
}

/// Appends a number as ULEB128.
fn unsigned(buffer: &mut Vec<u8>, number: u64) {
    let mut bytes = [0; 10];
    let length = uleb128::encode(number, &mut bytes);
    buffer.extend_from_slice(&bytes[..length]);
}

/// Appends a number as zigzag ULEB128.
fn signed(buffer: &mut Vec<u8>, number: i64) {
    let (bytes, length) = zigzag_leb128::encode(number);
    buffer.extend_from_slice(&bytes[..length]);
}

#[cfg(test)]
mod tests {
    use polars_parquet::parquet::encoding::hybrid_rle::HybridRleDecoder;

    use super::*;

    /// Reads deltas as the format's description says, bit by bit.
    fn read_deltas(mut bytes: &[u8]) -> Vec<i64> {
        fn unsigned(bytes: &mut &[u8]) -> u64 {
            let (number, length) = uleb128::decode(bytes);
            *bytes = &bytes[length..];
            number
        }
        fn signed(bytes: &mut &[u8]) -> i64 {
            let number = unsigned(bytes);
            (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
        }
        let [block, miniblocks, count] = [(); 3].map(|()| unsigned(&mut bytes) as usize);
        assert_eq!((block % 128, miniblocks), (0, 1));
        let mut values = vec![signed(&mut bytes)];
        while values.len() < count {
            let least = signed(&mut bytes);
            let (bits, rest) = (usize::from(bytes[0]), &bytes[1..]);
            for at in (0..block).take(count - values.len()) {
                let bit = |place: usize| u64::from(rest[place / 8]) >> (place % 8) & 1;
                let over = (0..bits).fold(0, |over, index| over | bit(at * bits + index) << index);
                let last = *values.last().expect("the first");
                values.push(last.wrapping_add(least).wrapping_add(over.cast_signed()));
            }
            bytes = &rest[block * bits / 8..];
        }
        assert!(bytes.is_empty());
        values
    }

    #[test]
    fn deltas_come_back() {
        let steep = |at: i64| at.wrapping_mul(0x1234_5678_9abc_def1);
        let ends = |at: i64| [i64::MIN, 0, i64::MAX][at as usize % 3];
        let slow = |at: i64| at / 3;
        let same = |_: i64| -7;
        for of in [steep, ends, slow, same] {
            for length in [1, 2, 256, 257, 258, 1000] {
                let values: Vec<i64> = (0..length).map(of).collect();
                let mut made = Vec::new();
                deltas(&mut made, &values);
                assert_eq!(read_deltas(&made), values, "{length}");
            }
        }
    }

    #[test]
    fn keys_come_back() {
        for bits in [1, 3, 6, 9, 17] {
            for length in [1, 7, 8, 31, 32, 33, 1000] {
                for run in [1, 5, 300] {
                    let of = |at: u32| (at / run).wrapping_mul(0x9e37_79b9) >> (32 - bits);
                    let values: Vec<u32> = (0..length).map(of).collect();
                    let mut made = Vec::new();
                    keys(&mut made, &values, bits).expect("written");
                    assert_eq!(made[0], bits as u8);
                    let decoder = HybridRleDecoder::new(&made[1..], bits, length as usize);
                    assert_eq!(
                        decoder.collect().expect("read"),
                        values,
                        "{bits} {length} {run}"
                    );
                }
            }
        }
    }
}
