package dev.graft.datasets.validation;

import java.io.IOException;
import java.io.InputStream;

/** Something that can be read from its start, more than once. */
@FunctionalInterface
interface FileContent {
  InputStream open() throws IOException;
}
