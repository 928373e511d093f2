/** Tokenizers, chat templates, and reading and normalising training rows. A plain library. */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.text;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
