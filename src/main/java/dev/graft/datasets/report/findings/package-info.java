/**
 * What a report can find, and how much it matters.
 *
 * <p>{@link dev.graft.datasets.report.findings.Defect} is all that can be found, with its remedy; a
 * {@link dev.graft.datasets.report.findings.QualityFinding} says it of so many rows, and names the
 * lines of the first of them ({@link dev.graft.datasets.report.findings.Lines}). It holds nothing
 * of the rows.
 */
@NullMarked
package dev.graft.datasets.report.findings;

import org.jspecify.annotations.NullMarked;
