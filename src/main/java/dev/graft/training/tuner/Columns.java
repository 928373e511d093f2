package dev.graft.training.tuner;

/**
 * Consecutive columns of a trained or computed matrix, as a tensor of a layer.
 *
 * @param of name of the matrix
 */
public record Columns(String name, String of, long start, long count) {}
