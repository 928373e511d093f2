/**
 * Rows of an Apache Parquet file, as the JSONL that everything after it reads.
 *
 * <p>{@link dev.graft.datasets.parquet.ParquetLines} is the file as a stream of lines, one per row.
 * The footer says where the columns of a row group lie, a cursor reads each column page by page,
 * and the nodes of the schema assemble rows from them (Dremel's record assembly). The format is
 * that of apache/parquet-format 2.11.
 *
 * <p>How it fails: bytes are hostile. No size in a header is believed before it was checked against
 * the file; one page per column is in memory, all of them within a limit; a row is as long as a
 * line may be. Damage is reported with its row group and column ({@link
 * dev.graft.datasets.parquet.UnreadableParquet}).
 */
@NullMarked
package dev.graft.datasets.parquet;

import org.jspecify.annotations.NullMarked;
