package dev.graft.platform;

import java.io.IOException;

/** A server's answer that another attempt does not change. */
public class DownloadRefused extends IOException {
  private static final long serialVersionUID = 1;

  public DownloadRefused(String message) {
    super(message);
  }
}
