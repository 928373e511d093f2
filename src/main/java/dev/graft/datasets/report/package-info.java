/**
 * What is likely to go wrong with rows that are valid: found before a device is booked.
 *
 * <p>{@link dev.graft.datasets.report.QualityReport} reads a training file, and a validation file
 * beside it, once each. Every {@link dev.graft.datasets.report.inspections.Inspection} sees every
 * row and says at the end what it found.
 *
 * <p>How it fails: it refuses nothing. Of a large file the beginning is read, and that is said.
 * Findings name lines and never what stands on them.
 */
@NullMarked
package dev.graft.datasets.report;

import org.jspecify.annotations.NullMarked;
