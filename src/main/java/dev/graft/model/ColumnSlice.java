package dev.graft.model;

/**
 * Consecutive columns of a trained or computed matrix, as a tensor of a layer.
 *
 * @param of name of the matrix
 */
record ColumnSlice(String name, String of, long start, long count) {}
