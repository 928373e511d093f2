/**
 * Reads a JSON object key by key: {@code Fields} notes every key that is asked for and a problem at
 * its path where a value does not fit, {@code FieldSchema} the same questions as JSON Schema.
 *
 * <p>Nothing is thrown while reading; whoever began it throws one {@link
 * dev.graft.spec.fields.SpecRejected} with all problems.
 */
@NullMarked
@NamedInterface("fields")
package dev.graft.spec.fields;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
