/**
 * Models that compute and train: families, tuners, losses, optimisers, and the tensors of a device.
 *
 * <p>{@link dev.graft.model.TrainableModel} puts a checkpoint on the device. A family defines the
 * layers; a tuner (PEFT's word) defines the tensors that a method trains, their start values, the
 * statements that they add to a layer, and their names in PEFT's files. The forward pass compiles
 * both into a program and computes a micro-batch forward and backward; generation continues texts
 * with the same programs.
 *
 * <p>Activations stay values of TorchScript and are closed as soon as the next step has them; every
 * other array of a step belongs to a scope that closes with it. Weights and moments live until the
 * model is closed.
 *
 * <p>How it fails: a checkpoint that lacks a tensor, a method that does not fit, token ids outside
 * the vocabulary and gradients that are not finite are exceptions with the place in their message.
 * A model may be used only on the thread that opened it.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec", "weights", "text", "kernels"})
package dev.graft.model;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
