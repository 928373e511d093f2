package dev.graft.artifacts.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** Which files of a model are fetched, by whom they are for. */
public interface Selection {
  /**
   * @param names of all of them
   * @return those to fetch
   */
  Set<String> of(Set<String> names);

  /** The small files are there, and nothing else has been fetched: the time to refuse the model. */
  void look(Path directory) throws IOException;
}
