package dev.graft.datasets;

import dev.graft.artifacts.hub.HubDataSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Files of a commit on the hub, checked by the digests of its listing. */
record HubFiles(HubDataSet dataSet) implements RemoteFiles {
  @Override
  public String source() {
    return dataSet.source();
  }

  @Override
  public List<String> names() {
    return dataSet.names();
  }

  @Override
  public long bytes() {
    return dataSet.bytes();
  }

  @Override
  public List<Path> bring(Path directory, Progress progress) throws IOException {
    return dataSet.bringing().into(directory, (bytes, all) -> progress.at(bytes));
  }

  @Override
  public void close() {}
}
