/**
 * The inspections of a report, each of one thing that is likely to go wrong.
 *
 * <p>An {@link dev.graft.datasets.report.inspections.Inspection} is shown every row once, in order,
 * and keeps little of it; at the end it gives its findings. A new one is a class here and a line in
 * the reader of reports.
 */
@NullMarked
package dev.graft.datasets.report.inspections;

import org.jspecify.annotations.NullMarked;
