/**
 * What is likely to go wrong with rows that are valid: found before a device is booked.
 *
 * <p>{@link dev.graft.datasets.report.QualityReport} reads a training file, and a validation file
 * beside it, once each. Every {@link dev.graft.datasets.report.Inspection} sees every row and says
 * at the end what it found; {@link dev.graft.datasets.report.Defect} is all that can be found, with
 * its remedy.
 *
 * <p>Rows are compared by digests: the text of a row is not kept. Rows that are nearly the same are
 * found by MinHash with locality-sensitive hashing (Broder 1997; Leskovec et al., Mining of Massive
 * Datasets, chapter 3) over the five-character pieces that are not in most rows anyway.
 *
 * <p>How it fails: it refuses nothing. Of a large file the beginning is read, and that is said.
 * Findings name lines and never what stands on them.
 */
@NullMarked
package dev.graft.datasets.report;

import org.jspecify.annotations.NullMarked;
