/**
 * A row as inspections see it, and how alike rows are.
 *
 * <p>Rows are compared by digests: the text of an {@link
 * dev.graft.datasets.report.rows.InspectedRow} is not kept. Rows that are nearly the same are found
 * by {@link dev.graft.datasets.report.rows.MinHash} with locality-sensitive hashing (Broder 1997;
 * Leskovec et al., Mining of Massive Datasets, chapter 3) over the five-character pieces ({@link
 * dev.graft.datasets.report.rows.Shingles}) that are not in most rows anyway.
 *
 * <p>How it fails: likeness is an estimate, and {@link dev.graft.datasets.report.rows.LikeRows}
 * compares with a limited number of rows.
 */
@NullMarked
package dev.graft.datasets.report.rows;

import org.jspecify.annotations.NullMarked;
