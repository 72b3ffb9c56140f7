// What the shop sells and to whom: small fixed lists, so that arguments in the dashboard are ones a person understands.

export interface Product {
  readonly sku: string;
  readonly title: string;
  /** In cents. */
  readonly price: number;
}

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly Line[];
  readonly country: string;
}

export const PRODUCTS: readonly Product[] = [
  { sku: 'MUG-BLUE', title: 'Blue enamel mug', price: 1450 },
  { sku: 'LAMP-DESK', title: 'Desk lamp, brass', price: 6900 },
  { sku: 'BOOK-FERNS', title: 'A Field Guide to Ferns', price: 2800 },
  { sku: 'TEA-ASSAM', title: 'Assam tea, 250 g', price: 1190 },
  { sku: 'CHAIR-OAK', title: 'Oak chair', price: 18900 },
  { sku: 'RUG-WOOL', title: 'Wool rug, 160 x 230', price: 32500 },
  { sku: 'PEN-INK', title: 'Fountain pen', price: 4200 },
  { sku: 'SEED-POPPY', title: 'Poppy seeds', price: 350 },
];

export const CUSTOMERS: readonly string[] = [
  'ada@example.com',
  'grace@example.com',
  'linus@example.com',
  'margaret@example.com',
  'alan@example.com',
  'katherine@example.com',
  'edsger@example.com',
  'barbara@example.com',
];

export const COUNTRIES: readonly string[] = ['DE', 'FR', 'NL', 'SE', 'IT', 'PL', 'ES', 'AT'];

export function productOf(sku: string): Product {
  const product = PRODUCTS.find((each) => each.sku === sku);
  if (!product) throw new RangeError(`we sell no ${sku}`);
  return product;
}

/** '59.90 EUR' */
export function money(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`;
}
