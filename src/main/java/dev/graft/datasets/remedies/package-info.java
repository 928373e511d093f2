/**
 * What is done about rows that a report has found something in, where nobody has to judge.
 *
 * <p>A {@link dev.graft.datasets.remedies.RemedyPass} goes once through a file and asks of each row
 * what the inspections ask, so that what a report finds and what is remedied are the same rows. How
 * alike rows are depends on the first of them; where rows go for that, passes follow until one
 * finds nothing more.
 *
 * <p>How it fails: a row that is none after its remedy is a problem with its line in the file that
 * it came from, and no file is made.
 */
@NullMarked
package dev.graft.datasets.remedies;

import org.jspecify.annotations.NullMarked;
