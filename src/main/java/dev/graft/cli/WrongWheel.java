package dev.graft.cli;

import dev.graft.platform.ResumedDownload.DownloadRefused;

/** A file is not the wheel that is needed, or an index does not have it. The message says which. */
final class WrongWheel extends DownloadRefused {
  private static final long serialVersionUID = 1;

  WrongWheel(String message) {
    super(message);
  }
}
