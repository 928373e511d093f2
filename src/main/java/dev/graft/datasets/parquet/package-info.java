/**
 * Reads Apache Parquet files as JSONL.
 *
 * <p>{@link dev.graft.datasets.parquet.ParquetLines} is the file as a stream of lines, one per row.
 * The footer has the positions of the columns of a row group, a cursor reads each column page by
 * page, and the nodes of the schema assemble rows from them (Dremel's record assembly). The format
 * is that of apache/parquet-format 2.11.
 *
 * <p>How it fails: bytes are hostile. Each size in a header is checked against the file before it
 * is used; one page per column is in memory, all of them within a limit; a row may be as long as a
 * line. Damage is reported with its row group and column ({@link
 * dev.graft.datasets.parquet.UnreadableParquet}).
 */
@NullMarked
package dev.graft.datasets.parquet;

import org.jspecify.annotations.NullMarked;
