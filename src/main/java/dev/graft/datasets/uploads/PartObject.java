package dev.graft.datasets.uploads;

/**
 * OpenAI's UploadPart object.
 *
 * @param createdAt Unix time in seconds
 */
record PartObject(String id, String object, long createdAt, String uploadId) {}
