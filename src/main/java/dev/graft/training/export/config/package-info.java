/**
 * {@code adapter_config.json} as PEFT's {@code save_pretrained} writes it: every field of the
 * method's class, sorted ({@link dev.graft.training.export.config.AdapterConfigFile}). The fields
 * of a kind of method are written by a class of its own.
 */
@NullMarked
package dev.graft.training.export.config;

import org.jspecify.annotations.NullMarked;
