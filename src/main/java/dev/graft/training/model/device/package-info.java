/**
 * Tensors of one device and the way between them and bytes: {@link
 * dev.graft.training.model.device.DeviceMemory} owns long-lived tensors and frees them all, {@link
 * dev.graft.training.model.device.ModelTensors} knows a model's by name, {@link
 * dev.graft.training.model.device.BaseWeights} says what of a base goes there, quantised or not,
 * {@link dev.graft.training.model.device.DerivedTensors} computes those that follow from others.
 *
 * <p>Using a closed tensor crashes the process: whoever holds one ends before its memory.
 */
@NullMarked
package dev.graft.training.model.device;

import org.jspecify.annotations.NullMarked;
