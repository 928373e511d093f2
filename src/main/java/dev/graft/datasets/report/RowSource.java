package dev.graft.datasets.report;

import java.io.IOException;
import java.io.InputStream;

/** JSONL rows that can be read from the start, more than once. */
@FunctionalInterface
public interface RowSource {
  InputStream open() throws IOException;
}
