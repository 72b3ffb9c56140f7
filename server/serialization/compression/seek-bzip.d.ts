// What is used of the package seek-bzip, which has no types of its own.
declare module 'seek-bzip' {
  interface Output {
    writeByte(byte: number): void;
    flush(): void;
  }
  const Bunzip: { decode(input: Uint8Array, output: Output, multistream: boolean): void };
  export default Bunzip;
}
