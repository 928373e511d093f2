/**
 * Rows of an Apache Parquet file, as the JSONL that everything after it reads.
 *
 * <p>{@link dev.graft.datasets.decoding.parquet.ParquetLines} is the file as a stream of lines, one
 * a row. Beneath it: the {@link dev.graft.datasets.decoding.parquet.Footer} says where the columns
 * of a row group lie, a {@link dev.graft.datasets.decoding.parquet.ColumnCursor} goes through one
 * of them page by page, and the {@link dev.graft.datasets.decoding.parquet.SchemaNode}s of the
 * schema put a row together of what stands in each (Dremel's record assembly). The format is that
 * of apache/parquet-format 2.11.
 *
 * <p>How it fails: bytes are hostile. Nothing is allocated by what a header says before that was
 * held against the file; of each column there is one page in memory, of all together a limited
 * number of bytes; a row is as long as a line may be. What is damaged, or no row of JSON, is told
 * with its row group and column ({@link dev.graft.datasets.decoding.parquet.UnreadableParquet}).
 */
@NullMarked
package dev.graft.datasets.decoding.parquet;

import org.jspecify.annotations.NullMarked;
