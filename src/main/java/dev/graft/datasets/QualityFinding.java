package dev.graft.datasets;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that is likely to be wrong with the rows.
 *
 * @param count of the rows that it is about
 * @param lines of the first of them, counted from 1; empty where it is about the file as a whole
 * @param message what, and of how many rows; holds nothing of them
 * @param remedy what to do
 * @param remediedBy the name by which it is done on request; null = a person must
 */
record QualityFinding(
    Defect check,
    Severity severity,
    long count,
    List<Long> lines,
    String message,
    String remedy,
    @Nullable Remedy remediedBy) {}
