/**
 * Models that compute and train. {@link dev.graft.training.model.TrainableModels} puts a checkpoint
 * on the device; a {@link dev.graft.training.model.Family} says what a layer is; {@link
 * dev.graft.training.model.Decoder} compiles it for the tensors there are; a {@code LayerPass}
 * carries a micro-batch up and down under one {@link dev.graft.training.model.Plan}; {@code
 * Parameters} owns what trains. {@link dev.graft.training.model.EvaStart} looks at what goes into
 * the layers of a base before there is an adapter.
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
@NamedInterface("model")
package dev.graft.training.model;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
