/**
 * What an uploaded file holds, as the JSONL rows that everything after it reads.
 *
 * <p>{@link dev.graft.datasets.decoding.FileFormat} looks at the first bytes and the name: JSONL or
 * CSV, plain or packed with gzip or Zstandard, or Parquet. It writes rows onto the lines that they
 * had in the unpacked file, so a line number means the same before and after: a CSV header becomes
 * an empty line, a record of three lines becomes one line and two empty ones; of Parquet a line is
 * a row. {@link dev.graft.datasets.decoding.DecodingOptions} are what the uploader says: which
 * column is which field, whether unknown keys are left out, which format is to become chat rows.
 *
 * <p>How it fails: bytes are hostile. What is no text of rows is said to be what it is ({@link
 * dev.graft.datasets.decoding.ForeignContent}), and nothing more of it is read. Packed data that is
 * damaged, cut off or grows past a hundred times its size ends with {@link
 * dev.graft.datasets.decoding.Undecodable}, in bounded memory; a record of CSV that is not one is a
 * problem with its line, and the others are still read.
 */
@NullMarked
package dev.graft.datasets.decoding;

import org.jspecify.annotations.NullMarked;
