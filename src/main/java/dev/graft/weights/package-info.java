/**
 * Model directories as files: config.json and safetensors, read as hostile input, and written. A
 * plain library without tensors.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.weights;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
