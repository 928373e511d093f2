package dev.graft.datasets;

/**
 * An upload as it is announced.
 *
 * @param file what the file will be
 * @param bytes that its parts will have together
 */
record NewUpload(NewFile file, long bytes, String mimeType) {}
