/** TODO. */
@NullMarked
package dev.graft.datasets.parquet;

import org.jspecify.annotations.NullMarked;
