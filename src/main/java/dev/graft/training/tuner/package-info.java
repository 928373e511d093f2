/**
 * What a method adds to a base model: which tensors train, how they start, which statements they
 * bring into a layer, and how PEFT calls them in its files. The word tuner is PEFT's. {@link
 * dev.graft.training.tuner.Tuners} finds that of a method; the packages below hold them, by kind.
 *
 * <p>A tuner holds no tensors of a device: it names tensors, computes starts (the decompositions on
 * the host), and rewrites lists of {@link dev.graft.training.program.Statement}s. A method that
 * does not fit the base is an {@link IllegalArgumentException} that says where.
 */
@NullMarked
package dev.graft.training.tuner;

import org.jspecify.annotations.NullMarked;
