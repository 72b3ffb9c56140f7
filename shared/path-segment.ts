// A name as one segment of a path. Browsers take '.' and '..' for steps within the path, written as %2E too, so these two get a
// tilde in front: '~..'. Any other name stays as it is, to be percent-encoded as usual.
// Holds: fromSegment(toSegment(name)) is the name, for every name.

export function toSegment(name: string): string {
  return /^~*\.\.?$/.test(name) ? `~${name}` : name;
}

export function fromSegment(segment: string): string {
  return /^~+\.\.?$/.test(segment) ? segment.slice(1) : segment;
}
