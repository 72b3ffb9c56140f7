// Tasks put together: an order's way as a chain, a product's pictures as a chord.
import { chain, chord, group } from 'umbel';
import type { Order } from './catalogue.ts';
import { publishGallery, thumbnail } from './images.ts';
import { chargeCard, checkBasket, packParcel } from './orders.ts';

/** Check, charge, pack: each gets what the one before returned. */
export function placeOrder(order: Order) {
  return chain(checkBasket.s(order), chargeCard.s(), packParcel.s()).applyAsync();
}

/** Four sizes side by side, then the gallery with all of them. */
export function publishPictures(sku: string) {
  return chord(
    group([120, 320, 640, 1280].map((width) => thumbnail.s(sku, width))),
    publishGallery.s(sku),
  ).applyAsync();
}
