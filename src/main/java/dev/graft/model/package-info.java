/**
 * Models that compute and train: families, tuners, losses, optimisers, and the tensors of a device.
 *
 * <p>{@link dev.graft.model.TrainableModel} puts a checkpoint on the device. A family says what a
 * layer is; a tuner (PEFT's word) says which tensors a method trains, how they start, which
 * statements they add to a layer, and their names in PEFT's files. The forward pass compiles both
 * into a program and carries a micro-batch up and down the layers; generation continues texts with
 * the same programs.
 *
 * <p>Activations stay values of TorchScript and are closed as soon as the next step has them; every
 * other array of a step belongs to a scope that closes with it. Weights and moments live until the
 * model is closed.
 *
 * <p>How it fails: a checkpoint that lacks a tensor, a method that does not fit, token ids outside
 * the vocabulary and gradients that are not finite are exceptions that say where. A model may be
 * used only on the thread that opened it.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec", "weights", "text", "kernels"})
package dev.graft.model;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
