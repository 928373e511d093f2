/**
 * Models that compute and train. {@link dev.graft.training.model.TrainableModels} puts a checkpoint
 * on the device, as {@link dev.graft.training.model.TrainingSetup} says: {@code family} says what a
 * layer is, {@code forward} compiles it for the tensors there are and carries a micro-batch up and
 * down, {@code loss} tells how far off the outputs are, {@code optimizer} owns what trains, {@code
 * device} the tensors. {@code eva} looks at what goes into the layers of a base before there is an
 * adapter.
 *
 * <p>Activations stay values of TorchScript that are closed as soon as the next step has them;
 * every other array of a step belongs to a scope that closes with it. Weights and moments live
 * until the model is closed.
 *
 * <p>How it fails: a checkpoint that lacks a tensor, a method that does not fit, token ids outside
 * the vocabulary and gradients that are not finite are exceptions that say so. Use from another
 * thread than the one that opened the model is not supported.
 */
@NullMarked
package dev.graft.training.model;

import org.jspecify.annotations.NullMarked;
