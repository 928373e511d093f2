package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;

/** Content that is written but not yet in the store. Closing drops it unless it was published. */
public interface StagedBlob extends AutoCloseable {
  /** What the content is; {@link #publish} stores it under this digest. */
  BlobRef ref();

  /** The content from its start. */
  InputStream open() throws IOException;

  /** Makes the content a blob, durable on return; one that exists already is published anew. */
  BlobRef publish() throws IOException;

  @Override
  void close() throws IOException;
}
